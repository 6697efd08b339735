//! The presence of a channel. No I/O: time is an argument.
//!
//! A membership that ends is not announced at once: when its key comes back within the grace period,
//! the new membership takes over the entry, and the others see nothing. An update is announced as two
//! messages, leaves before joins: one message with both leaves ghosts in some clients.
//!
//! Pages end a session when its owner leaves. So a membership that ends is not announced while another
//! one holds the same key with the same role; clients learn of it when the last of them leaves.

mod diff;
mod ids;
mod meta;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::handover::HandedOverEntry;
pub(crate) use diff::{PresenceDiff, PresenceFrames};
use diff::{joins, leaves, write_entry};
pub(crate) use ids::{MemberId, SocketId};
use meta::{Meta, role, weight};
use serde_json::value::RawValue;

/// Largest number of hidden metas of one key; then the oldest is announced.
const HIDDEN_MAX: usize = 16;

/// The presence of a channel.
#[derive(Debug)]
pub(crate) struct Presence {
    /// Prefix of every new `phx_ref`, so that a later channel of the same topic repeats none.
    epoch: Arc<str>,
    entries: BTreeMap<Arc<str>, Vec<Meta>>,
    references: u64,
    bytes: usize,
    bytes_max: usize,
}

/// The presence of one membership, for HTTP.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PresenceEntry {
    /// The key.
    pub(crate) key: Arc<str>,
    /// The tracked object, as JSON.
    pub(crate) object: Bytes,
    /// When the member tracked first.
    pub(crate) since: DateTime<Utc>,
}

/// The presence of the channel would be larger than a client accepts in one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the presence of this channel is full")]
pub(crate) struct PresenceFull;

impl Presence {
    /// No presence yet, of at most `bytes_max`.
    pub(crate) fn new(epoch: Arc<str>, bytes_max: usize) -> Self {
        Self { epoch, entries: BTreeMap::new(), references: 0, bytes: 0, bytes_max }
    }

    /// Sets the object of a member. Returns the diffs to be announced.
    ///
    /// # Errors
    /// When it does not fit.
    pub(crate) fn track(
        &mut self,
        (member, socket): (MemberId, SocketId),
        key: &Arc<str>,
        object: Bytes,
        now: DateTime<Utc>,
    ) -> Result<Vec<PresenceDiff>, PresenceFull> {
        let before = self.position(key, member);
        let replaced = before.map_or(0, |index| self.entries[key][index].weight(key));
        let weight = weight(key, &object);
        if self.bytes - replaced + weight > self.bytes_max {
            return Err(PresenceFull);
        }
        self.references += 1;
        let reference = format!("{}-{:x}", self.epoch, self.references).into();
        let metas = self.entries.entry(key.clone()).or_default();
        let mut diffs = Vec::new();
        let new = Meta {
            reference,
            member,
            socket,
            role: role(&object),
            is_hidden: false,
            object,
            since: now,
            expires: None,
            is_inherited: false,
        };
        let Some(old) = before.and_then(|index| metas.get_mut(index)) else {
            diffs.push(joins(key, &new));
            metas.push(new);
            self.bytes += weight;
            return Ok(diffs);
        };
        if old.object == new.object {
            old.is_inherited = false;
            return Ok(diffs);
        }
        let mut left = Vec::new();
        if old.is_inherited {
            // The member never left: clients replace a meta with the same reference without a leave.
            *old = Meta { reference: old.reference.clone(), since: old.since, ..new };
        } else {
            left.push(old.clone());
            *old = Meta { since: old.since, ..new };
        }
        let joined = joins(key, old);
        let unheld = take_unheld(metas);
        self.bytes -= unheld.iter().map(|it| it.weight(key)).sum::<usize>();
        self.bytes = self.bytes - replaced + weight;
        left.extend(unheld);
        if !left.is_empty() {
            diffs.push(leaves(key, &left));
        }
        diffs.push(joined);
        Ok(diffs)
    }

    /// Removes the entry of a member. Returns the diffs to be announced.
    pub(crate) fn untrack(&mut self, member: MemberId, key: &Arc<str>) -> Vec<PresenceDiff> {
        let Some(index) = self.position(key, member) else { return Vec::new() };
        self.remove(key, index).into_iter().collect()
    }

    /// Keeps the entry of a membership that ends until `expires`. Returns whether there is one.
    pub(crate) fn depart(&mut self, member: MemberId, key: &Arc<str>, expires: Instant) -> bool {
        let found = self.position(key, member);
        if let Some(index) = found
            && let Some(metas) = self.entries.get_mut(key)
        {
            metas[index].expires = Some(expires);
        }
        found.is_some()
    }

    /// Lets a new membership take over the entry of an ended one with the same key.
    pub(crate) fn inherit(&mut self, (member, socket): (MemberId, SocketId), key: &Arc<str>) {
        let metas = self.entries.get_mut(key).into_iter().flatten();
        let ended = metas.filter(|it| it.expires.is_some());
        // Of several ended memberships, the one of the same socket, or else the last.
        let found = ended.max_by_key(|it| (it.socket == socket, it.expires));
        if let Some(meta) = found {
            *meta = Meta { member, socket, expires: None, is_inherited: true, ..meta.clone() };
        }
    }

    /// Shows what an earlier process handed over until `expires`, like the presence of members whose
    /// connection was lost. Clients keep what they know by its `phx_ref`. What does not fit is left out.
    pub(crate) fn restore(&mut self, member: MemberId, entry: HandedOverEntry, expires: Instant) {
        let HandedOverEntry { key, reference, object, since } = entry;
        let (key, object): (Arc<str>, Bytes) = (key.into(), object.get().to_owned().into());
        let weight = weight(&key, &object);
        if self.bytes + weight > self.bytes_max {
            return;
        }
        self.bytes += weight;
        self.entries.entry(key).or_default().push(Meta {
            reference: reference.into(),
            member,
            // No socket of this process has this id.
            socket: member,
            role: role(&object),
            is_hidden: false,
            object,
            since,
            expires: Some(expires),
            is_inherited: false,
        });
    }

    /// What is shown, to be handed over to the next process.
    pub(crate) fn to_hand_over(&self) -> Vec<HandedOverEntry> {
        let metas = self.entries.iter();
        let metas = metas.flat_map(|(key, metas)| metas.iter().map(move |it| (key, it)));
        let entry = |(key, it): (&Arc<str>, &Meta)| {
            let object = String::from_utf8(it.object.to_vec()).ok()?;
            Some(HandedOverEntry {
                key: (**key).into(),
                reference: (*it.reference).into(),
                object: RawValue::from_string(object).ok()?,
                since: it.since,
            })
        };
        metas.filter(|(_, it)| !it.is_hidden).filter_map(entry).collect()
    }

    /// The key of an ended membership of this socket.
    pub(crate) fn departed_key(&self, socket: SocketId) -> Option<Arc<str>> {
        let has_ended = |it: &Meta| it.expires.is_some() && it.socket == socket;
        let found = self.entries.iter().find(|(_, metas)| metas.iter().any(has_ended));
        found.map(|(key, _)| key.clone())
    }

    /// Removes the entries whose grace period is over. Returns the diffs to be announced.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<PresenceDiff> {
        let is_over = |it: &Meta| it.expires.is_some_and(|end| end <= now);
        let mut over = Vec::new();
        for (key, metas) in &self.entries {
            let members = metas.iter().filter(|it| is_over(it)).map(|it| it.member);
            over.extend(members.map(|member| (key.clone(), member)));
        }
        over.into_iter().flat_map(|(key, member)| self.untrack(member, &key)).collect()
    }

    /// Whether an ended membership is in its grace period.
    pub(crate) fn has_departed(&self) -> bool {
        self.entries.values().flatten().any(|it| it.expires.is_some())
    }

    /// The payload of a `presence_state`.
    pub(crate) fn state(&self) -> String {
        let mut state = String::with_capacity(self.bytes + 2);
        state.push('{');
        for (key, metas) in &self.entries {
            if state.len() > 1 {
                state.push(',');
            }
            write_entry(&mut state, key, metas.iter().filter(|it| !it.is_hidden));
        }
        state.push('}');
        state
    }

    /// All entries, for HTTP.
    pub(crate) fn entries(&self) -> Vec<PresenceEntry> {
        let metas = self.entries.iter();
        let metas = metas.flat_map(|(key, metas)| metas.iter().map(move |it| (key, it)));
        let metas = metas.filter(|(_, it)| !it.is_hidden);
        let entry = |(key, it): (&Arc<str>, &Meta)| PresenceEntry {
            key: key.clone(),
            object: it.object.clone(),
            since: it.since,
        };
        metas.map(entry).collect()
    }

    fn position(&self, key: &Arc<str>, member: MemberId) -> Option<usize> {
        self.entries.get(key)?.iter().position(|it| it.member == member && !it.is_hidden)
    }

    /// Removes a meta. Returns the diff to be announced, if no other membership stands for it.
    fn remove(&mut self, key: &Arc<str>, index: usize) -> Option<PresenceDiff> {
        let metas = self.entries.get_mut(key)?;
        let mut left = vec![metas.remove(index)];
        if metas.iter().any(|it| it.stands_for(&left[0])) {
            metas.extend(left.drain(..).map(|it| Meta { is_hidden: true, expires: None, ..it }));
            let mut hidden = metas.iter().enumerate().filter(|(_, it)| it.is_hidden);
            let oldest = hidden.next().map(|(index, _)| index);
            if hidden.count() < HIDDEN_MAX {
                return None;
            }
            left.extend(oldest.map(|index| metas.remove(index)));
        } else {
            left.extend(take_unheld(metas));
        }
        if metas.is_empty() {
            self.entries.remove(key);
        }
        self.bytes -= left.iter().map(|it| it.weight(key)).sum::<usize>();
        Some(leaves(key, &left))
    }
}

/// Removes the hidden metas of a key whose role no other meta has any more.
fn take_unheld(metas: &mut Vec<Meta>) -> Vec<Meta> {
    let held: Vec<_> = metas.iter().filter(|it| !it.is_hidden).map(|it| it.role.clone()).collect();
    metas.extract_if(.., |it| it.is_hidden && !held.contains(&it.role)).collect()
}
