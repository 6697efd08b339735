//! A broadcast, numbered, and encoded once for all who hear it at the time.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::{Body, Shout, Version, quoted};

/// A broadcast in a channel.
#[derive(Debug)]
pub(crate) struct Broadcast {
    /// The channel, as clients name it.
    pub(crate) topic: Arc<str>,
    /// What kind of message it is.
    pub(crate) event: Box<str>,
    /// What it says.
    pub(crate) body: Body,
    /// Counts the broadcasts of the channel: 1, 2, 3 …
    pub(crate) number: u64,
    /// Counts the broadcasts of the room, in all its channels.
    pub(crate) number_in_room: u64,
    /// Names it among all broadcasts: the life of the channel and the number.
    pub(crate) id: Box<str>,
    /// Who said it.
    pub(crate) sender: Sender,
    /// When, in milliseconds since 1970.
    pub(crate) at: i64,
    /// Of those with the same one, only the latest matters.
    pub(crate) supersedes: Option<u64>,
}

/// A broadcast on its way, encoded by the first who hears it in a version. What is encoded is let go
/// of with the last of them, and is not kept with the broadcast.
#[derive(Debug)]
pub(crate) struct Underway {
    /// What was said.
    pub(crate) broadcast: Arc<Broadcast>,
    encoded: [OnceLock<Option<Bytes>>; 2],
}

/// Who said something, as the server knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Sender {
    /// A name for the person, the same in every message; nothing for who did not say who it is.
    pub(crate) name: Option<Arc<str>>,
    /// What the person is in this room.
    pub(crate) role: &'static str,
}

impl PartialEq for Broadcast {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// What somebody wants to say, before it has its number.
#[derive(Clone, Debug)]
pub(crate) struct Utterance {
    /// What kind of message it is.
    pub(crate) event: Box<str>,
    /// What it says.
    pub(crate) body: Body,
    /// Who says it.
    pub(crate) sender: Sender,
    /// Of those with the same one, only the latest matters.
    pub(crate) supersedes: Option<u64>,
}

impl Utterance {
    /// Gives it its place among the broadcasts of a channel and of its room.
    pub(crate) fn placed(
        self,
        topic: &Arc<str>,
        epoch: &str,
        (number, number_in_room): (u64, u64),
        at: i64,
    ) -> Broadcast {
        let Self { event, body, sender, supersedes } = self;
        let id = format!("{epoch}-{number}").into();
        let topic = topic.clone();
        Broadcast { topic, event, body, number, number_in_room, id, sender, at, supersedes }
    }
}

impl Underway {
    /// Nobody heard it yet.
    pub(crate) fn new(broadcast: Arc<Broadcast>) -> Self {
        Self { broadcast, encoded: Default::default() }
    }

    /// As it travels in this version, encoded by the first who asks; nothing when the version has no
    /// words for it.
    pub(crate) fn frame(&self, version: Version) -> Option<Bytes> {
        let slot = match version {
            Version::V1 => &self.encoded[0],
            Version::V2 => &self.encoded[1],
        };
        slot.get_or_init(|| self.broadcast.encode(version, false)).clone()
    }
}

impl Broadcast {
    /// How much memory it takes, in bytes.
    pub(crate) fn weight(&self) -> usize {
        size_of::<Self>() + self.event.len() + self.id.len() + self.body.len()
    }

    /// As it travels to somebody who hears it later.
    pub(crate) fn replayed(&self, version: Version) -> Option<Bytes> {
        self.encode(version, true)
    }

    fn encode(&self, version: Version, is_replayed: bool) -> Option<Bytes> {
        let meta = self.meta(is_replayed);
        Shout { topic: &self.topic, event: &self.event, meta: &meta, body: &self.body }
            .encode(version)
    }

    fn meta(&self, is_replayed: bool) -> String {
        let (id, role) = (&self.id, self.sender.role);
        let (number, in_room) = (self.number, self.number_in_room);
        let name = self.sender.name.as_deref().map(quoted);
        let sub = name.map(|it| format!(r#","sub":{it}"#)).unwrap_or_default();
        let replayed = if is_replayed { r#","replayed":true"# } else { "" };
        format!(
            r#"{{"id":"{id}","seq":{number},"room_seq":{in_room},"role":"{role}"{sub}{replayed}}}"#
        )
    }

    #[cfg(test)]
    pub(crate) fn example(number: u64, body: &'static str) -> Self {
        let body = Body::Json(Bytes::from_static(body.as_bytes()));
        let sender = Sender { name: None, role: "anyone" };
        let said = Utterance { event: "e".into(), body, sender, supersedes: None };
        let numbers = (number, number + 1);
        said.placed(&"realtime:t".into(), "e", numbers, i64::try_from(number).unwrap())
    }
}

/// What a message is about, by the names that clients have for it.
#[derive(Default, Deserialize)]
struct Thing<'a> {
    #[serde(borrow, default)]
    key: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "cardId")]
    card: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "gameType")]
    game: Option<&'a RawValue>,
}

/// What tells volatile messages of one kind apart: the sender, the kind, and the thing that they are
/// about, which they call `key`, `cardId` or `gameType`, or name by several of them.
pub(crate) fn superseding_key(member: u64, event: &str, body: &Body) -> Option<u64> {
    let Body::Json(body) = body else { return None };
    // Serde would take the elements of an array for the fields.
    let object = body.starts_with(b"{").then(|| serde_json::from_slice(body).ok()).flatten();
    let Thing { key, card, game } = object.unwrap_or_default();
    let mut hasher = DefaultHasher::new();
    (member, event, [key, card, game].map(|it| it.map(RawValue::get))).hash(&mut hasher);
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broadcast_is_encoded_once_for_each_version() {
        let broadcast = Arc::new(Broadcast::example(7, r#"{"n":1}"#));
        let underway = Underway::new(broadcast.clone());
        for version in [Version::V1, Version::V2] {
            let (one, two) = (underway.frame(version).unwrap(), underway.frame(version).unwrap());
            assert_eq!(one.as_ptr(), two.as_ptr());
        }
        let meta = r#"{"id":"e-7","seq":7,"room_seq":8,"role":"anyone"}"#;
        let frame = underway.frame(Version::V1).unwrap();
        let text = str::from_utf8(&frame[4..]).unwrap();
        assert!(text.contains(&format!(r#""payload":{{"n":1}},"meta":{meta}"#)), "{text}");
        assert_eq!(broadcast.meta(true), meta.replace('}', r#","replayed":true}"#));
    }

    #[test]
    fn messages_about_one_thing_by_one_sender_supersede_each_other() {
        let key = |member, event, body: &'static str| {
            superseding_key(member, event, &Body::Json(Bytes::from_static(body.as_bytes())))
        };
        let first = key(1, "card_moved", r#"{"cardId":"c1","position":1}"#);
        assert_eq!(first, key(1, "card_moved", r#"{"cardId":"c1","position":2}"#));
        assert_ne!(first, key(1, "card_moved", r#"{"cardId":"c2","position":1}"#));
        assert_ne!(first, key(2, "card_moved", r#"{"cardId":"c1","position":1}"#));
        assert_ne!(first, key(1, "drag_start", r#"{"cardId":"c1","position":1}"#));
        assert_eq!(key(1, "cursor", "[1,2]"), key(1, "cursor", "[3,4]"));
        // Whatever they call it, and by as many names as they like.
        let both = key(1, "card_moved", r#"{"gameType":"g","cardId":"c1","n":1}"#);
        assert_eq!(both, key(1, "card_moved", r#"{"cardId":"c1","gameType":"g","n":2}"#));
        assert_ne!(both, key(1, "card_moved", r#"{"gameType":"g","cardId":"c2"}"#));
        assert_ne!(both, key(1, "card_moved", r#"{"gameType":"h","cardId":"c1"}"#));
        assert_ne!(key(1, "e", r#"{"key":"a"}"#), key(1, "e", r#"{"cardId":"a"}"#));
    }
}
