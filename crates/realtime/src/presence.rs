//! Who is in a channel, as people see it. Pure: time arrives as an argument.
//!
//! Somebody who goes is not announced at once: the same name coming back within the grace takes over
//! what was shown, and nobody sees a thing. An update is announced as two messages, who leaves before
//! who joins, because one message with both leaves ghosts in some clients.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::protocol::quoted;

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

/// A message of the server about who came and went: JSON, of which one side is always empty.
pub(crate) type Difference = String;

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

/// What somebody takes in a message, in bytes, at most.
fn weight(key: &str, object: &Bytes) -> usize {
    quoted(key).len() + object.len() + 64
}

fn joins(epoch: &str, key: &str, shown: &Shown) -> Difference {
    let mut json = String::from(r#"{"joins":{"#);
    entry(&mut json, epoch, key, std::slice::from_ref(shown));
    json.push_str(r#"},"leaves":{}}"#);
    json
}

fn leaves(epoch: &str, key: &str, shown: &Shown) -> Difference {
    let mut json = String::from(r#"{"joins":{},"leaves":{"#);
    entry(&mut json, epoch, key, std::slice::from_ref(shown));
    json.push_str("}}");
    json
}

fn entry(json: &mut String, epoch: &str, key: &str, metas: &[Shown]) {
    json.push_str(&quoted(key));
    json.push_str(r#":{"metas":["#);
    for (index, shown) in metas.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        let object = str::from_utf8(&shown.object).unwrap_or("{}").trim_end();
        let fields = object.strip_suffix('}').unwrap_or("{");
        let comma = if fields.trim_end().ends_with('{') { "" } else { "," };
        // Writing into a string does not fail. Of two fields with one name the last counts.
        let _ = write!(json, r#"{fields}{comma}"phx_ref":"{epoch}-{:x}"}}"#, shown.reference);
    }
    json.push_str("]}");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const GRACE: Duration = Duration::from_secs(2);

    fn presence() -> Presence {
        Presence::new("e".into(), 10_000)
    }

    fn show(
        presence: &mut Presence,
        member: MemberId,
        key: &str,
        object: &'static str,
    ) -> Vec<String> {
        presence.track((member, member), &key.into(), object.into(), Utc::now()).unwrap()
    }

    #[test]
    fn who_shows_something_new_leaves_before_joining() {
        let mut presence = presence();
        assert_eq!(
            show(&mut presence, 1, "a", r#"{"n":1}"#),
            [r#"{"joins":{"a":{"metas":[{"n":1,"phx_ref":"e-1"}]}},"leaves":{}}"#]
        );
        assert!(show(&mut presence, 1, "a", r#"{"n":1}"#).is_empty());
        assert_eq!(
            show(&mut presence, 1, "a", r#"{"n":2}"#),
            [
                r#"{"joins":{},"leaves":{"a":{"metas":[{"n":1,"phx_ref":"e-1"}]}}}"#,
                r#"{"joins":{"a":{"metas":[{"n":2,"phx_ref":"e-3"}]}},"leaves":{}}"#,
            ]
        );
        assert_eq!(presence.state(), r#"{"a":{"metas":[{"n":2,"phx_ref":"e-3"}]}}"#);
        assert_eq!(presence.untrack(1, &"a".into()).len(), 1);
        assert!(presence.untrack(1, &"a".into()).is_empty());
        assert_eq!(presence.state(), "{}");
        assert_eq!(presence.bytes, 0);
    }

    #[test]
    fn two_tabs_share_a_name_and_empty_objects_are_shown() {
        let mut presence = presence();
        show(&mut presence, 1, "a", "{}");
        show(&mut presence, 2, "a", "{ }");
        assert_eq!(presence.state(), r#"{"a":{"metas":[{"phx_ref":"e-1"},{ "phx_ref":"e-2"}]}}"#);
    }

    #[test]
    fn who_comes_back_within_the_grace_never_left() {
        let mut presence = presence();
        let now = Instant::now();
        show(&mut presence, 1, "a", r#"{"n":1}"#);
        assert!(presence.depart(1, &"a".into(), now + GRACE));
        assert!(presence.expire(now + GRACE / 2).is_empty());
        presence.inherit((2, 7), &"a".into());
        assert!(!presence.has_gone() && presence.expire(now + 2 * GRACE).is_empty());
        assert_eq!(presence.state(), r#"{"a":{"metas":[{"n":1,"phx_ref":"e-1"}]}}"#);
        // What is shown anew takes the place of the old, under its reference.
        assert_eq!(
            show(&mut presence, 2, "a", r#"{"n":2}"#),
            [r#"{"joins":{"a":{"metas":[{"n":2,"phx_ref":"e-1"}]}},"leaves":{}}"#]
        );
        assert_eq!(show(&mut presence, 2, "a", r#"{"n":3}"#).len(), 2);
    }

    #[test]
    fn who_does_not_come_back_leaves_when_the_grace_is_over() {
        let mut presence = presence();
        let now = Instant::now();
        show(&mut presence, 1, "a", "{}");
        show(&mut presence, 2, "b", "{}");
        presence.depart(1, &"a".into(), now + GRACE);
        assert_eq!(presence.name_of_gone(1), Some("a".into()));
        assert_eq!(presence.name_of_gone(2), None);
        assert_eq!(
            presence.expire(now + GRACE),
            [r#"{"joins":{},"leaves":{"a":{"metas":[{"phx_ref":"e-1"}]}}}"#]
        );
        assert_eq!(presence.people().len(), 1);
    }

    #[test]
    fn there_is_an_end_to_what_is_shown() {
        let mut presence = Presence::new("e".into(), 200);
        show(&mut presence, 1, "a", "{}");
        show(&mut presence, 2, "b", "{}");
        let refused = presence.track((3, 3), &"c".into(), "{}".into(), Utc::now());
        assert_eq!(refused, Err(Full));
        presence.untrack(1, &"a".into());
        show(&mut presence, 3, "c", "{}");
    }

    /// A client that follows what it is told, as Phoenix's own does.
    fn follow(state: &mut Value, difference: &str) {
        let difference: Value = serde_json::from_str(difference).unwrap();
        let state = state.as_object_mut().unwrap();
        for (key, joined) in difference["joins"].as_object().unwrap() {
            let metas = state.entry(key).or_insert_with(|| serde_json::json!({ "metas": [] }));
            let metas = metas["metas"].as_array_mut().unwrap();
            for meta in joined["metas"].as_array().unwrap() {
                metas.retain(|it| it["phx_ref"] != meta["phx_ref"]);
                metas.push(meta.clone());
            }
        }
        for (key, left) in difference["leaves"].as_object().unwrap() {
            let metas = state[key]["metas"].as_array_mut().unwrap();
            let gone = left["metas"].as_array().unwrap();
            metas.retain(|it| !gone.iter().any(|gone| gone["phx_ref"] == it["phx_ref"]));
            if metas.is_empty() {
                state.remove(key);
            }
        }
    }

    /// The same whatever the order of somebody's tabs.
    fn sorted(mut state: Value) -> Value {
        for entry in state.as_object_mut().unwrap().values_mut() {
            let metas = entry["metas"].as_array_mut().unwrap();
            metas.sort_by_key(|it| it["phx_ref"].to_string());
        }
        state
    }

    proptest! {
        #[test]
        fn who_follows_the_differences_sees_what_who_joins_is_told(
            deeds in prop::collection::vec((0..5_u8, 0..4_u64, 0..3_usize, 0..3_u64), 0..60),
        ) {
            let objects = [r#"{"n":0}"#, r#"{"n":1}"#, "{}"];
            let (mut presence, mut seen) = (presence(), serde_json::json!({}));
            let mut now = Instant::now();
            for (deed, member, object, key) in deeds {
                let name: Arc<str> = format!("k{key}").into();
                let member = member * 3 + key;
                let told = match deed {
                    0 | 1 => presence.track((member, member), &name, objects[object].into(), Utc::now()).unwrap(),
                    2 => presence.untrack(member, &name),
                    3 => { presence.depart(member, &name, now + GRACE); Vec::new() }
                    _ => { now += GRACE / 2; presence.expire(now) }
                };
                for difference in &told {
                    follow(&mut seen, difference);
                }
                let state: Value = serde_json::from_str(&presence.state()).unwrap();
                prop_assert_eq!(sorted(seen.clone()), sorted(state));
            }
        }
    }
}
