//! The wire format: the channel protocol of Phoenix as Supabase Realtime speaks it, in both versions.
//! No I/O.
//!
//! Version 1.0.0 sends objects; version 2.0.0 sends arrays, and broadcasts as binary frames. Messages
//! of the server are encoded into their websocket frame once, so that all receivers share the bytes.

mod binary;
mod body;
mod close_code;
mod envelope;
mod incoming;
mod join;
mod malformed;
mod outgoing;
mod quoted;
mod reference;
mod version;
pub(crate) mod wire;

pub(crate) use body::Body;
pub(crate) use close_code::CloseCode;
pub(crate) use envelope::EnvelopeScanner;
pub(crate) use incoming::{ClientMessage, Request, Track};
pub(crate) use join::{JoinRequest, Replay};
pub(crate) use malformed::Malformed;
pub(crate) use outgoing::{BroadcastFrame, push, reply};
pub(crate) use quoted::quoted;
pub(crate) use reference::Ref;
pub(crate) use version::Version;
