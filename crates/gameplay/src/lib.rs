//! The states of the games that are played in rooms.
//!
//! The noun: [`GameplayState`], one document for each game in a room. The use cases: [`keep`] and
//! fetch it as the room's owner, and [`statistics`] of what happened in a room.

mod error;
mod http;
pub mod keep;
mod state;
pub mod statistics;
mod store;

pub use error::GameplayError;
pub use http::{Documentation, configure};
pub use state::{GameplayId, GameplayState};
