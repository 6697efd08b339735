//! The saved states of the games that are played in rooms.
//!
//! The nouns: [`GameplayState`], one document per game and room, of which every save makes a version
//! with a [`Tag`]; the [`Change`] that a save makes and the [`Condition`] it is subject to. Use cases:
//! [`states`] (save, load, list and delete as the room's owner or a visitor, see [`Access`]),
//! [`history`] (past versions), [`table`] (the cards in a state) and [`statistics`] of a room.
//!
//! Saves are committed in groups ([`Saves`]): `plan` computes the versions that a group makes,
//! `journal` records how to get back from each version to the one before, and `save_writer` writes
//! both in one transaction. Changes of large documents are `precomputed` outside of the lane. `cache` holds the documents that a lane wrote last, and `replay` answers
//! saves that a client repeats with the same `Idempotency-Key`.

mod access;
mod author;
mod background;
mod before;
mod cache;
pub mod cards;
mod change;
mod error;
pub mod history;
mod http;
mod journal;
mod listener;
mod plan;
mod precomputed;
mod replay;
mod save;
mod save_writer;
mod state;
pub mod states;
pub mod statistics;
mod store;
mod stored_answer;
pub mod table;
mod turns;
mod version;

pub use access::Access;
pub use author::{Author, AuthorKind};
pub use change::{Change, ChangeError};
pub use error::GameplayError;
pub use http::{Documentation, ListBytes, configure, prioritize};
pub use listener::{Deletion, NoListener, StateListener};
pub use precomputed::{Precomputed, Uncomputed};
pub use save::{Deleted, Outcome, Save};
pub use save_writer::{SaveWriter, Saves};
pub use state::{GameplayId, GameplayState};
pub use version::{Condition, Tag, Versions};
