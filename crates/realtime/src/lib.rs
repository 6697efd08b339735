//! The channels of rooms over websockets: broadcast, presence and replay, for unmodified clients of
//! Supabase Realtime.
//!
//! The wire format is `protocol`. `topic`, `presence`, `handover`, `replay`, `broadcast` and `outbox` are
//! values and their rules, without I/O. A `channel` numbers the broadcasts of one topic under its lock, and queues
//! each event once for every `worker` that has members. A worker delivers the events on one thread of
//! the server: it fills the outboxes of its sockets without a lock. [`Hub`] holds the channels;
//! `authorizer` decides who may join them.
//!
//! The rest of the service sends its events through the [`Bus`], which never makes it wait.

mod authorizer;
mod broadcast;
mod bus;
mod card_moves;
mod channel;
mod connection;
mod context;
mod event;
mod frame_reader;
mod handover;
mod handovers;
mod http;
mod hub;
mod join_limit;
mod limits;
mod local;
mod maintenance;
mod metrics;
mod outbox;
mod participant;
mod presence;
mod protocol;
mod queue;
mod replay;
mod replay_store;
mod room_sequence;
mod saved_cards;
mod session_ended;
mod socket;
mod socket_permit;
mod store;
mod topic;
mod unsaved_moves;
mod worker;

pub use authorizer::Authorizer;
pub use bus::{Bus, RoomEvent};
pub use card_moves::{CARDS_MAX, NAME_BYTES_MAX as CARD_NAME_BYTES_MAX};
pub use connection::Frames;
pub use context::Realtime;
pub use event::ServerEvent;
pub use handovers::delete_old_handovers;
pub use http::{Documentation, PATH_ALIASES, configure, guard};
pub use hub::Hub;
pub use maintenance::Maintenance;
pub use saved_cards::{SavedCard, SavedTable, SavedTables, UnsavedMove};
pub use worker::Worker;
