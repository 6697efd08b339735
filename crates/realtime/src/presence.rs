//! Who is in a channel, as people see it. Pure: time arrives as an argument.
//!
//! Somebody who goes is not announced at once: the same name coming back within the grace takes over
//! what was shown, and nobody sees a thing. An update is announced as two messages, who leaves before
//! who joins, because one message with both leaves ghosts in some clients.

#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use thiserror::Error;

pub(crate) use words::Difference;
use words::{entry, joins, leaves, weight};

/// One membership of a channel.
pub(crate) type MemberId = u64;

/// One socket.
pub(crate) type SocketId = u64;

/// Who is in a channel.
#[derive(Debug)]
pub(crate) struct Presence {
    /// Begins every reference, so that none is used again by a later life of the channel.
    epoch: Arc<str>,
    people: BTreeMap<Arc<str>, Vec<Shown>>,
    references: u64,
    bytes: usize,
    bytes_max: usize,
}

/// What is shown of one membership.
#[derive(Clone, Debug)]
struct Shown {
    /// What clients tell it from others by.
    reference: u64,
    member: MemberId,
    socket: SocketId,
    object: Bytes,
    since: DateTime<Utc>,
    /// Until when somebody who went may come back unnoticed.
    gone: Option<Instant>,
    /// Whether it was taken over from a membership before, whose client may not know of it.
    is_inherited: bool,
}

/// Somebody in a channel, for those who ask over HTTP.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Person {
    /// The name under which they are shown.
    pub(crate) key: Arc<str>,
    /// What they show: an object of JSON.
    pub(crate) object: Bytes,
    /// Since when.
    pub(crate) since: DateTime<Utc>,
}

/// More would be shown than a client could take in one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too many people show too much in this channel")]
pub(crate) struct Full;

impl Presence {
    /// Nobody, who may come to show as much as `bytes_max`.
    pub(crate) fn new(epoch: Arc<str>, bytes_max: usize) -> Self {
        Self { epoch, people: BTreeMap::new(), references: 0, bytes: 0, bytes_max }
    }

    /// Shows this of a member, instead of what was shown before. Gives what others are to be told.
    ///
    /// # Errors
    /// When it does not fit any more.
    pub(crate) fn track(
        &mut self,
        (member, socket): (MemberId, SocketId),
        key: &Arc<str>,
        object: Bytes,
        now: DateTime<Utc>,
    ) -> Result<Vec<Difference>, Full> {
        let before = self.position(key, member);
        let replaced = before.map_or(0, |index| self.people[key][index].weight(key));
        let weight = weight(key, &object);
        if self.bytes - replaced + weight > self.bytes_max {
            return Err(Full);
        }
        self.references += 1;
        let reference = self.references;
        let metas = self.people.entry(key.clone()).or_default();
        let mut told = Vec::new();
        let new = Shown {
            reference,
            member,
            socket,
            object,
            since: now,
            gone: None,
            is_inherited: false,
        };
        let Some(old) = before.and_then(|index| metas.get_mut(index)) else {
            told.push(joins(&self.epoch, key, &new));
            metas.push(new);
            self.bytes += weight;
            return Ok(told);
        };
        if old.object == new.object {
            old.is_inherited = false;
            return Ok(told);
        }
        self.bytes = self.bytes - replaced + weight;
        if old.is_inherited {
            // Who came back and says something new has never left: clients put what has the same
            // reference in the place of the old, without a word of leaving.
            *old = Shown { reference: old.reference, since: old.since, ..new };
        } else {
            told.push(leaves(&self.epoch, key, old));
            *old = Shown { since: old.since, ..new };
        }
        told.push(joins(&self.epoch, key, old));
        Ok(told)
    }

    /// Shows nothing of a member any more.
    pub(crate) fn untrack(&mut self, member: MemberId, key: &Arc<str>) -> Vec<Difference> {
        let Some(index) = self.position(key, member) else { return Vec::new() };
        vec![self.remove(key, index)]
    }

    /// Keeps what is shown of a member who goes, until `grace` is over. Says whether there was
    /// anything.
    pub(crate) fn depart(&mut self, member: MemberId, key: &Arc<str>, until: Instant) -> bool {
        let found = self.position(key, member);
        if let Some(index) = found
            && let Some(metas) = self.people.get_mut(key)
        {
            metas[index].gone = Some(until);
        }
        found.is_some()
    }

    /// Gives a member who comes what was shown of the one who went under the same name.
    pub(crate) fn inherit(&mut self, (member, socket): (MemberId, SocketId), key: &Arc<str>) {
        let metas = self.people.get_mut(key).into_iter().flatten();
        let gone = metas.filter(|it| it.gone.is_some());
        // Of several tabs that went, the one of the same socket comes back, or else the last.
        let back = gone.max_by_key(|it| (it.socket == socket, it.gone, it.reference));
        if let Some(shown) = back {
            *shown = Shown { member, socket, gone: None, is_inherited: true, ..shown.clone() };
        }
    }

    /// The name of somebody who just went from this socket.
    pub(crate) fn name_of_gone(&self, socket: SocketId) -> Option<Arc<str>> {
        let is_gone = |it: &Shown| it.gone.is_some() && it.socket == socket;
        self.people.iter().find(|(_, metas)| metas.iter().any(is_gone)).map(|(key, _)| key.clone())
    }

    /// Sees off everybody whose grace is over.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<Difference> {
        let is_over = |it: &Shown| it.gone.is_some_and(|until| until <= now);
        let mut over = Vec::new();
        for (key, metas) in &self.people {
            let members = metas.iter().filter(|it| is_over(it)).map(|it| it.member);
            over.extend(members.map(|member| (key.clone(), member)));
        }
        over.into_iter().flat_map(|(key, member)| self.untrack(member, &key)).collect()
    }

    /// Whether somebody waits to be seen off.
    pub(crate) fn has_gone(&self) -> bool {
        self.people.values().flatten().any(|it| it.gone.is_some())
    }

    /// Everybody, as a client is told that joins.
    pub(crate) fn state(&self) -> String {
        let mut state = String::with_capacity(self.bytes + 2);
        state.push('{');
        for (key, metas) in &self.people {
            if state.len() > 1 {
                state.push(',');
            }
            entry(&mut state, &self.epoch, key, metas);
        }
        state.push('}');
        state
    }

    /// Everybody, for those who ask over HTTP.
    pub(crate) fn people(&self) -> Vec<Person> {
        let shown =
            self.people.iter().flat_map(|(key, metas)| metas.iter().map(move |it| (key, it)));
        let person = |(key, it): (&Arc<str>, &Shown)| Person {
            key: key.clone(),
            object: it.object.clone(),
            since: it.since,
        };
        shown.map(person).collect()
    }

    fn position(&self, key: &Arc<str>, member: MemberId) -> Option<usize> {
        self.people.get(key)?.iter().position(|it| it.member == member)
    }

    fn remove(&mut self, key: &Arc<str>, index: usize) -> Difference {
        let Some(metas) = self.people.get_mut(key) else { return Difference::new() };
        let shown = metas.remove(index);
        if metas.is_empty() {
            self.people.remove(key);
        }
        self.bytes -= shown.weight(key);
        leaves(&self.epoch, key, &shown)
    }
}

impl Shown {
    fn weight(&self, key: &str) -> usize {
        weight(key, &self.object)
    }
}
