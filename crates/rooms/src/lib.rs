//! Rooms, their share codes, and the visitors in them.
//!
//! Nouns and their rules: [`Room`], [`ShareCode`], [`Visitor`], [`GameRule`].
//! Use cases: [`open`] a room, [`manage`] it as its owner, [`visit`] it without an account. Joins and
//! heartbeats are committed in groups ([`Joins`], [`Heartbeats`]).

mod closings;
pub mod counts;
mod directory;
mod error;
mod game_rule;
mod heartbeat;
mod http;
mod join;
pub mod manage;
pub mod open;
mod opener;
mod room;
mod share_code;
mod store;
pub mod visit;
mod visitor;

pub use closings::Closings;
pub use directory::Directory;
pub use error::RoomError;
pub use game_rule::{GameRule, RuleSlug};
pub use heartbeat::{Heartbeats, Pulse};
pub use http::{Documentation, configure, guard};
pub use join::{Doorman, Joins};
pub use opener::{Opener, Openings};
pub use room::{Deed, Description, Room, RoomClosed, RoomName};
pub use share_code::ShareCode;
pub use visitor::{SessionKey, Visitor, VisitorName};
