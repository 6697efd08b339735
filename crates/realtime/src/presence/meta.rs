//! The presence of one membership.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::ids::{MemberId, SocketId};
use crate::protocol::quoted;

/// JSON around the key and the object of an entry, in bytes.
const ENTRY_BYTES: usize = 64;

/// The presence of one membership: one element of `metas` on the wire.
#[derive(Clone, Debug)]
pub(super) struct Meta {
    /// Its `phx_ref`, which is unique in all channels of the topic, those of earlier processes included.
    pub(super) reference: Arc<str>,
    pub(super) member: MemberId,
    pub(super) socket: SocketId,
    /// The tracked JSON object.
    pub(super) object: Bytes,
    pub(super) since: DateTime<Utc>,
    /// The end of the grace period, once the membership has ended.
    pub(super) expires: Option<Instant>,
    /// The `role` in the object.
    pub(super) role: Option<Box<str>>,
    /// Whether its membership has left without an announcement, because another one holds the same key
    /// with the same role. It leaves together with the last of them.
    pub(super) is_hidden: bool,
    /// Whether it was taken over from an earlier membership, unknown to the client of this one.
    pub(super) is_inherited: bool,
}

impl Meta {
    /// Whether a member is present with the same key and the same role as `other`, which it names.
    pub(super) fn stands_for(&self, other: &Self) -> bool {
        let is_present = self.expires.is_none() && !self.is_hidden;
        is_present && self.role.is_some() && self.role == other.role
    }

    /// Upper bound of its size in a message, in bytes.
    pub(super) fn weight(&self, key: &str) -> usize {
        weight(key, &self.object)
    }
}

/// The `role` in a tracked object.
pub(super) fn role(object: &Bytes) -> Option<Box<str>> {
    #[derive(Deserialize)]
    struct Role {
        role: Option<Box<str>>,
    }
    let parsed: Option<Role> = serde_json::from_slice(object).ok();
    parsed.and_then(|it| it.role)
}

/// Upper bound of the size of an entry in a message, in bytes.
pub(super) fn weight(key: &str, object: &Bytes) -> usize {
    quoted(key).len() + object.len() + ENTRY_BYTES
}
