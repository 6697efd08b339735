//! The presence of one membership.

use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::ids::{MemberId, SocketId};
use crate::protocol::quoted;

/// JSON around the key and the object of an entry, in bytes.
const ENTRY_BYTES: usize = 64;

/// The presence of one membership: one element of `metas` on the wire.
#[derive(Clone, Debug)]
pub(super) struct Meta {
    /// The number in its `phx_ref`, by which clients tell it from others.
    pub(super) reference: u64,
    pub(super) member: MemberId,
    pub(super) socket: SocketId,
    /// The tracked JSON object.
    pub(super) object: Bytes,
    pub(super) since: DateTime<Utc>,
    /// The end of the grace period, once the membership has ended.
    pub(super) expires: Option<Instant>,
    /// Whether it was taken over from an earlier membership, unknown to the client of this one.
    pub(super) is_inherited: bool,
}

impl Meta {
    /// What it takes in a message, in bytes, at most.
    pub(super) fn weight(&self, key: &str) -> usize {
        weight(key, &self.object)
    }
}

/// What an entry takes in a message, in bytes, at most.
pub(super) fn weight(key: &str, object: &Bytes) -> usize {
    quoted(key).len() + object.len() + ENTRY_BYTES
}
