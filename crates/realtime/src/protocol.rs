//! The wire: the channel protocol of Phoenix as Supabase Realtime speaks it, in both versions. Pure.
//!
//! Version 1.0.0 sends objects, version 2.0.0 arrays, and broadcasts as binary frames. Whatever the
//! server sends is put into its websocket frame here, once, so that the bytes can be shared.

mod binary;
mod body;
mod incoming;
mod join;
mod outgoing;
mod reference;
pub(crate) mod wire;

pub(crate) use body::Body;
pub(crate) use incoming::{Deed, Incoming, Malformed, Track};
pub(crate) use join::{JoinRequest, Replay};
pub(crate) use outgoing::{Shout, push, quoted, reply};
pub(crate) use reference::Ref;

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// 1.0.0: objects.
    V1,
    /// 2.0.0: arrays, and binary frames for broadcasts.
    V2,
}

impl Version {
    /// The version of a handshake; without a word it is the first one.
    pub(crate) fn parse(text: Option<&str>) -> Option<Self> {
        match text.unwrap_or_default() {
            "" | "1.0.0" => Some(Self::V1),
            "2.0.0" => Some(Self::V2),
            _ => None,
        }
    }
}
