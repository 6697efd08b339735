//! Rooms, their share codes, and the visitors in them.
//!
//! Nouns and their rules: [`Room`], [`ShareCode`], [`Visitor`], [`GameRule`].
//! Use cases: [`open`], [`manage`], [`join`], [`heartbeat`], [`visit`]. New rooms, joins and heartbeats
//! are committed in groups ([`Openings`], [`Joins`], [`Heartbeats`]), each by a writer beside its use case.
//! [`retention`] deletes what is old, [`clear`] whole tables.

pub mod clear;
pub mod counts;
mod damage;
mod directory;
mod ended_rooms;
mod error;
#[cfg(test)]
mod fixture;
mod game_rule;
pub mod heartbeat;
mod http;
pub mod join;
#[cfg(test)]
mod lock_order;
pub mod manage;
pub mod open;
mod page;
mod quota;
pub mod retention;
mod room;
mod share_code;
mod store;
pub mod visit;
mod visitor;

pub use directory::Directory;
pub use ended_rooms::{EndedRooms, RoomEnded};
pub use error::RoomError;
pub use game_rule::{GameRule, RuleSlug};
pub use heartbeat::{HeartbeatWriter, Heartbeats};
pub use http::{Documentation, configure, guard};
pub use join::{JoinWriter, Joins};
pub use open::{Openings, RoomWriter};
pub use page::{PAGE_MAX, Page, PageRequest};
pub use room::{
    Description, EndReason, Forbidden, NewRoom, OwnedRoom, Room, RoomAction, RoomClosed, RoomName,
};
pub use share_code::ShareCode;
pub use visitor::{SessionKey, Visitor, VisitorName};
