//! Connections before HTTP: how many there are, from which addresses, and how much of one is served
//! before the others have their turn.

mod layer;
mod per_address;
mod service;
mod slots;
mod state;
mod stream;
mod turn;

pub(crate) use layer::{manage_connection, restrict_reserve};
pub(crate) use per_address::ConnectionsPerAddress;
pub(crate) use service::service;
pub(crate) use slots::ConnectionSlots;
pub(crate) use stream::Connection;
