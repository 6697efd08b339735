//! The states of the games that are played in rooms.
//!
//! The nouns: [`GameplayState`], one document for each game in a room, of which every save is a
//! version with a [`Tag`] of its own; the [`Change`] that a save makes and the [`Condition`] it sets.
//! Use cases: [`keep`] a state as the room's owner or a visitor ([`Access`]), look back into its
//! [`history`], [`statistics`] of what happened in a room.
//!
//! Saves are committed in groups ([`Saves`]): `plan` says what versions a group makes, `journal` how
//! to get back from them, `saver` writes both in one transaction.

mod access;
mod audience;
mod author;
mod change;
mod error;
pub mod history;
mod http;
mod journal;
pub mod keep;
mod memory;
mod plan;
mod repeat;
mod save;
mod saver;
mod state;
pub mod statistics;
mod store;
mod version;

pub use access::Access;
pub use audience::{Audience, Nobody};
pub use author::Author;
pub use change::{Change, ChangeError};
pub use error::GameplayError;
pub use http::{Documentation, configure, prioritize};
pub use save::{Outcome, Save};
pub use saver::{Saver, Saves};
pub use state::{GameplayId, GameplayState};
pub use version::{Condition, Tag, Versions};
