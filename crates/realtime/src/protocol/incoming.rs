//! What clients send.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use super::body::Body;
use super::join::JoinRequest;
use super::reference::Ref;
use super::{Version, binary};

/// A message of a client.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Incoming {
    /// The join that it belongs to.
    pub(crate) join_ref: Ref,
    /// What the client calls it.
    pub(crate) reference: Ref,
    /// The channel it is about.
    pub(crate) topic: String,
    /// What it asks for.
    pub(crate) deed: Deed,
}

/// What a message asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Deed {
    /// Whether the server is there.
    Heartbeat,
    /// To take part in a channel.
    Join(Box<JoinRequest>),
    /// To take part no longer.
    Leave,
    /// To be judged by another token from now on.
    AccessToken(Option<String>),
    /// To tell everybody.
    Broadcast {
        /// What the client calls this kind of message.
        event: String,
        /// What it says.
        body: Body,
    },
    /// To be seen by everybody.
    Track(Track),
    /// To be seen no longer.
    Untrack,
    /// Something that this server does not know.
    Unknown,
}

/// What people shall see of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Track {
    /// An object of JSON.
    Object(Bytes),
    /// Something that is no object.
    NoObject,
}

/// A frame that says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the frame is malformed")]
pub(crate) struct Malformed;

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    topic: Cow<'a, str>,
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
    #[serde(borrow, default)]
    r#ref: Option<&'a RawValue>,
    #[serde(borrow, default)]
    join_ref: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Array<'a>(
    #[serde(borrow)] Option<&'a RawValue>,
    #[serde(borrow)] Option<&'a RawValue>,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Option<&'a RawValue>,
);

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow, default)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Shown {
    access_token: Option<String>,
}

impl Incoming {
    /// Reads a text frame.
    ///
    /// # Errors
    /// When it is not what this version sends.
    pub(crate) fn of_text(version: Version, frame: &Bytes) -> Result<Self, Malformed> {
        let object = match version {
            Version::V1 => serde_json::from_slice(frame).map_err(|_| Malformed)?,
            Version::V2 => {
                let Array(join_ref, reference, topic, event, payload) =
                    serde_json::from_slice(frame).map_err(|_| Malformed)?;
                Object { topic, event, payload, r#ref: reference, join_ref }
            }
        };
        Ok(Self {
            join_ref: Ref::of_json(object.join_ref),
            reference: Ref::of_json(object.r#ref),
            deed: deed(frame, &object)?,
            topic: object.topic.into_owned(),
        })
    }

    /// Reads a binary frame, which only version 2.0.0 has.
    ///
    /// # Errors
    /// When it is no broadcast of a client.
    pub(crate) fn of_binary(version: Version, frame: &Bytes) -> Result<Self, Malformed> {
        match version {
            Version::V1 => Err(Malformed),
            Version::V2 => binary::decode(frame),
        }
    }
}

fn deed(frame: &Bytes, object: &Object<'_>) -> Result<Deed, Malformed> {
    let payload = object.payload.map_or("{}", RawValue::get);
    let deed = match (&*object.topic, &*object.event) {
        ("phoenix", "heartbeat") => Deed::Heartbeat,
        (_, "phx_join") => Deed::Join(Box::new(JoinRequest::of(payload))),
        (_, "phx_leave") => Deed::Leave,
        (_, "access_token") => {
            let shown: Shown = serde_json::from_str(payload).map_err(|_| Malformed)?;
            Deed::AccessToken(shown.access_token)
        }
        (_, "broadcast") => {
            let said: Said<'_> = serde_json::from_str(payload).map_err(|_| Malformed)?;
            let body = Body::of_raw(frame, said.payload)?;
            Deed::Broadcast { event: said.event.into_owned(), body }
        }
        (_, "presence") => {
            let said: Said<'_> = serde_json::from_str(payload).map_err(|_| Malformed)?;
            presence(frame, &said)?
        }
        _ => Deed::Unknown,
    };
    Ok(deed)
}

fn presence(frame: &Bytes, said: &Said<'_>) -> Result<Deed, Malformed> {
    match &*said.event.to_lowercase() {
        "untrack" => Ok(Deed::Untrack),
        "track" => match Body::of_raw(frame, said.payload)? {
            Body::Json(object) if object.starts_with(b"{") => {
                Ok(Deed::Track(Track::Object(object)))
            }
            _ => Ok(Deed::Track(Track::NoObject)),
        },
        _ => Ok(Deed::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn v1(frame: &'static str) -> Result<Incoming, Malformed> {
        Incoming::of_text(Version::V1, &Bytes::from_static(frame.as_bytes()))
    }

    fn v2(frame: &'static str) -> Result<Incoming, Malformed> {
        Incoming::of_text(Version::V2, &Bytes::from_static(frame.as_bytes()))
    }

    fn broadcast(event: &str, body: Body) -> Deed {
        Deed::Broadcast { event: event.into(), body }
    }

    fn json(body: &'static str) -> Body {
        Body::Json(Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn both_versions_say_the_same() {
        let object = v1(
            r#"{"event":"broadcast","payload":{"type":"broadcast","event":"msg","payload":{"u":"héé"}},"topic":"realtime:room:1","ref":"8","join_ref":"6"}"#,
        );
        let array = v2(
            r#"["6","8","realtime:room:1","broadcast",{"type":"broadcast","event":"msg","payload":{"u":"héé"}}]"#,
        );
        assert_eq!(object, array);
        assert_eq!(object.unwrap().deed, broadcast("msg", json(r#"{"u":"héé"}"#)));
    }

    #[test]
    fn the_captured_binary_frames_are_read() {
        let head = [3, 1, 1, 15, 3, 0, 1];
        let frame = [&head[..], b"68realtime:room:1msg", r#"{"u":"héé"}"#.as_bytes()].concat();
        let read = Incoming::of_binary(Version::V2, &frame.into()).unwrap();
        assert_eq!(read.topic, "realtime:room:1");
        assert_eq!((read.join_ref.json(), read.reference.json()), (r#""6""#, r#""8""#));
        assert_eq!(read.deed, broadcast("msg", json(r#"{"u":"héé"}"#)));

        let frame = [&[3, 1, 2, 10, 1, 0, 0][..], b"612realtime:ak", &[0, 255, 16]].concat();
        let read = Incoming::of_binary(Version::V2, &frame.into()).unwrap();
        assert_eq!(read.deed, broadcast("k", Body::Binary(Bytes::from_static(&[0, 255, 16]))));
    }

    #[test]
    fn texts_of_a_binary_head_are_read_leniently_and_metadata_is_skipped() {
        let frame = [&[3, 0, 0, 1, 2, 4, 1][..], b"t", &[0xE5, 0x2C], b"{\"a\"", b"1"].concat();
        let read = Incoming::of_binary(Version::V2, &frame.into()).unwrap();
        assert_eq!(read.join_ref, Ref::NONE);
        assert_eq!(read.deed, broadcast("\u{FFFD},", json("1")));
    }

    #[test]
    fn presence_and_heartbeats_are_read() {
        let track = v2(
            r#"["6","7","realtime:a","presence",{"type":"presence","event":"track","payload":{"n":1}}]"#,
        );
        let object = Track::Object(Bytes::from_static(br#"{"n":1}"#));
        assert_eq!(track.unwrap().deed, Deed::Track(object));
        let track = v1(
            r#"{"topic":"realtime:a","event":"presence","payload":{"event":"track","payload":7},"ref":"1"}"#,
        );
        assert_eq!(track.unwrap().deed, Deed::Track(Track::NoObject));
        let untrack =
            v2(r#"["6","14","realtime:a","presence",{"type":"presence","event":"untrack"}]"#);
        assert_eq!(untrack.unwrap().deed, Deed::Untrack);
        let beat = v1(
            r#"{"event":"heartbeat","payload":{},"topic":"phoenix","ref":null,"join_ref":null}"#,
        );
        assert_eq!(beat.unwrap().deed, Deed::Heartbeat);
    }

    #[test]
    fn a_body_that_is_missing_is_an_empty_object() {
        for payload in [r#"{"event":"e"}"#, r#"{"event":"e","payload":null}"#] {
            let frame = format!(r#"["1","2","t","broadcast",{payload}]"#);
            let read = Incoming::of_text(Version::V2, &frame.into()).unwrap();
            assert_eq!(read.deed, broadcast("e", json("{}")));
        }
    }

    #[test]
    fn what_is_broken_is_malformed() {
        for frame in ["", "{}", "[]", "7", r#"["1","2","t"]"#, r#"["1","2","t","e",{]"#] {
            assert_eq!(v2(frame), Err(Malformed), "{frame}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange_to_be_looked_at(bytes: Vec<u8>) {
            let bytes = Bytes::from(bytes);
            let _ = Incoming::of_text(Version::V1, &bytes);
            let _ = Incoming::of_text(Version::V2, &bytes);
            let _ = Incoming::of_binary(Version::V2, &bytes);
        }
    }
}
