//! Broadcasts: numbered by their channel, and encoded once for all receivers.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::{Body, BroadcastFrame, Version, quoted};

/// A broadcast of a channel.
#[derive(Debug)]
pub(crate) struct Broadcast {
    /// The topic, as clients write it.
    pub(crate) topic: Arc<str>,
    /// The event.
    pub(crate) event: Box<str>,
    /// The body.
    pub(crate) body: Body,
    /// Its number in the channel: 1, 2, 3 …
    pub(crate) number: u64,
    /// Its number in the room, over all channels.
    pub(crate) number_in_room: u64,
    /// A unique id: the epoch of the channel and the number.
    pub(crate) id: Box<str>,
    /// The sender.
    pub(crate) sender: Sender,
    /// The time, in milliseconds since 1970.
    pub(crate) at: i64,
    /// The key of a volatile broadcast: of those with one key only the latest has to arrive.
    pub(crate) supersedes: Option<u64>,
}

/// A broadcast in delivery. The first receiver of a version encodes it; the frames are freed with the
/// last receiver, while the broadcast itself may stay for replay.
#[derive(Debug)]
pub(crate) struct EncodedBroadcast {
    /// The broadcast.
    pub(crate) broadcast: Arc<Broadcast>,
    encoded: [OnceLock<Option<Bytes>>; 2],
}

/// The sender of a broadcast, as the server knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Sender {
    /// A stable name of the participant; none when it is anonymous.
    pub(crate) name: Option<Arc<str>>,
    /// The role in this room.
    pub(crate) role: &'static str,
}

impl PartialEq for Broadcast {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// A broadcast before it has its number.
#[derive(Clone, Debug)]
pub(crate) struct NewBroadcast {
    /// The event.
    pub(crate) event: Box<str>,
    /// The body.
    pub(crate) body: Body,
    /// The sender.
    pub(crate) sender: Sender,
    /// The key of a volatile broadcast: of those with one key only the latest has to arrive.
    pub(crate) supersedes: Option<u64>,
}

impl NewBroadcast {
    /// Assigns the numbers in the channel and in its room.
    pub(crate) fn numbered(
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

impl EncodedBroadcast {
    /// A broadcast that is not encoded yet.
    pub(crate) fn new(broadcast: Arc<Broadcast>) -> Self {
        Self { broadcast, encoded: Default::default() }
    }

    /// The frame of a version; `None` when the version cannot carry the body.
    pub(crate) fn frame(&self, version: Version) -> Option<Bytes> {
        let slot = match version {
            Version::V1 => &self.encoded[0],
            Version::V2 => &self.encoded[1],
        };
        slot.get_or_init(|| self.broadcast.encode(version, false)).clone()
    }
}

impl Broadcast {
    /// The memory that it takes, in bytes.
    pub(crate) fn weight(&self) -> usize {
        size_of::<Self>() + self.event.len() + self.id.len() + self.body.len()
    }

    /// The frame for a replay.
    pub(crate) fn replayed(&self, version: Version) -> Option<Bytes> {
        self.encode(version, true)
    }

    fn encode(&self, version: Version, is_replayed: bool) -> Option<Bytes> {
        let meta = self.meta(is_replayed);
        BroadcastFrame { topic: &self.topic, event: &self.event, meta: &meta, body: &self.body }
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
        let broadcast = NewBroadcast { event: "e".into(), body, sender, supersedes: None };
        let numbers = (number, number + 1);
        broadcast.numbered(&"realtime:t".into(), "e", numbers, i64::try_from(number).unwrap())
    }
}

/// The fields of a body that name its subject.
#[derive(Default, Deserialize)]
struct SupersedeFields<'a> {
    #[serde(borrow, default)]
    key: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "cardId")]
    card: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "gameType")]
    game: Option<&'a RawValue>,
}

/// The key under which volatile broadcasts supersede each other: the sender, the event, and the subject
/// in the body's `key`, `cardId` and `gameType`.
pub(crate) fn superseding_key(member: u64, event: &str, body: &Body) -> Option<u64> {
    let Body::Json(body) = body else { return None };
    // Serde would read the elements of an array as the fields.
    let object = body.starts_with(b"{").then(|| serde_json::from_slice(body).ok()).flatten();
    let SupersedeFields { key, card, game } = object.unwrap_or_default();
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
        let encoded = EncodedBroadcast::new(broadcast.clone());
        for version in [Version::V1, Version::V2] {
            let (one, two) = (encoded.frame(version).unwrap(), encoded.frame(version).unwrap());
            assert_eq!(one.as_ptr(), two.as_ptr());
        }
        let meta = r#"{"id":"e-7","seq":7,"room_seq":8,"role":"anyone"}"#;
        let frame = encoded.frame(Version::V1).unwrap();
        let text = str::from_utf8(&frame[4..]).unwrap();
        assert!(text.contains(&format!(r#""payload":{{"n":1}},"meta":{meta}"#)), "{text}");
        assert_eq!(broadcast.meta(true), meta.replace('}', r#","replayed":true}"#));
    }

    #[test]
    fn broadcasts_of_one_sender_about_one_subject_supersede_each_other() {
        let key = |member, event, body: &'static str| {
            superseding_key(member, event, &Body::Json(Bytes::from_static(body.as_bytes())))
        };
        let first = key(1, "card_moved", r#"{"cardId":"c1","position":1}"#);
        assert_eq!(first, key(1, "card_moved", r#"{"cardId":"c1","position":2}"#));
        assert_ne!(first, key(1, "card_moved", r#"{"cardId":"c2","position":1}"#));
        assert_ne!(first, key(2, "card_moved", r#"{"cardId":"c1","position":1}"#));
        assert_ne!(first, key(1, "drag_start", r#"{"cardId":"c1","position":1}"#));
        assert_eq!(key(1, "cursor", "[1,2]"), key(1, "cursor", "[3,4]"));
        // The order of the fields does not matter.
        let both = key(1, "card_moved", r#"{"gameType":"g","cardId":"c1","n":1}"#);
        assert_eq!(both, key(1, "card_moved", r#"{"cardId":"c1","gameType":"g","n":2}"#));
        assert_ne!(both, key(1, "card_moved", r#"{"gameType":"g","cardId":"c2"}"#));
        assert_ne!(both, key(1, "card_moved", r#"{"gameType":"h","cardId":"c1"}"#));
        assert_ne!(key(1, "e", r#"{"key":"a"}"#), key(1, "e", r#"{"cardId":"a"}"#));
    }
}
