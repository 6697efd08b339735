//! Connections before HTTP: how many there are, from which addresses, and how much of one is served
//! before the others have their turn.

mod addresses;
mod layer;
mod places;
mod service;
mod state;
mod stream;
mod turn;

pub(crate) use addresses::Addresses;
pub(crate) use layer::{keep_reserve, take_turns};
pub(crate) use places::Places;
pub(crate) use service::service;
pub(crate) use stream::Connection;
