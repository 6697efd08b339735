//! The messages of clients.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::binary::{self, BinaryBroadcast};
use super::body::Body;
use super::join::JoinRequest;
use super::malformed::Malformed;
use super::reference::Ref;
use super::version::Version;

/// A message of a client.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ClientMessage {
    /// The reference of the join that it belongs to.
    pub(crate) join_ref: Ref,
    /// The reference of the message itself.
    pub(crate) reference: Ref,
    /// The topic of the channel.
    pub(crate) topic: String,
    /// The request.
    pub(crate) request: Request,
}

/// The request of a client message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Request {
    /// Keep the connection alive.
    Heartbeat,
    /// Join a channel.
    Join(Box<JoinRequest>),
    /// Leave the channel.
    Leave,
    /// Replace the access token.
    AccessToken(Option<String>),
    /// Send a message to the members.
    Broadcast {
        /// The event.
        event: String,
        /// The body.
        body: Body,
    },
    /// Set the presence of the member.
    Track(Track),
    /// Remove the presence of the member.
    Untrack,
    /// An event that the protocol does not have.
    Unknown,
    /// A message that is too large; its payload was not kept.
    Oversized {
        /// Whether it is a broadcast.
        is_broadcast: bool,
    },
}

/// The payload of a presence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Track {
    /// A JSON object.
    Object(Bytes),
    /// Any other JSON value.
    NoObject,
}

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
struct Event<'a> {
    #[serde(borrow, default)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct NewToken {
    access_token: Option<String>,
}

impl ClientMessage {
    /// The reference of the membership that this join begins. A client that sends no `join_ref` means
    /// the reference of the message.
    pub(crate) fn own_join_ref(&self) -> &Ref {
        if self.join_ref == Ref::NONE { &self.reference } else { &self.join_ref }
    }

    /// Decodes a text frame.
    ///
    /// # Errors
    /// When it is no message of this version.
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
            request: request(frame, &object)?,
            topic: object.topic.into_owned(),
        })
    }

    /// Decodes a binary frame, which only version 2.0.0 has.
    ///
    /// # Errors
    /// When it is no broadcast of a client.
    pub(crate) fn of_binary(version: Version, frame: &Bytes) -> Result<Self, Malformed> {
        match version {
            Version::V1 => Err(Malformed),
            Version::V2 => {
                let BinaryBroadcast { join_ref, reference, topic, event, body } =
                    binary::decode(frame)?;
                Ok(Self {
                    join_ref: Ref::of_text(&join_ref),
                    reference: Ref::of_text(&reference),
                    topic: topic.into_owned(),
                    request: Request::Broadcast { event: event.into_owned(), body },
                })
            }
        }
    }
}

fn request(frame: &Bytes, object: &Object<'_>) -> Result<Request, Malformed> {
    let payload = object.payload.map_or("{}", RawValue::get);
    let request = match (&*object.topic, &*object.event) {
        ("phoenix", "heartbeat") => Request::Heartbeat,
        (_, "phx_join") => Request::Join(Box::new(JoinRequest::of(payload))),
        (_, "phx_leave") => Request::Leave,
        (_, "access_token") => {
            let new: NewToken = serde_json::from_str(payload).map_err(|_| Malformed)?;
            Request::AccessToken(new.access_token)
        }
        (_, "broadcast") => {
            let inner: Event<'_> = serde_json::from_str(payload).map_err(|_| Malformed)?;
            let body = Body::of_raw(frame, inner.payload)?;
            Request::Broadcast { event: inner.event.into_owned(), body }
        }
        (_, "presence") => {
            let inner: Event<'_> = serde_json::from_str(payload).map_err(|_| Malformed)?;
            presence(frame, &inner)?
        }
        _ => Request::Unknown,
    };
    Ok(request)
}

fn presence(frame: &Bytes, inner: &Event<'_>) -> Result<Request, Malformed> {
    match &*inner.event.to_lowercase() {
        "untrack" => Ok(Request::Untrack),
        "track" => match Body::of_raw(frame, inner.payload)? {
            Body::Json(object) if object.starts_with(b"{") => {
                Ok(Request::Track(Track::Object(object)))
            }
            _ => Ok(Request::Track(Track::NoObject)),
        },
        _ => Ok(Request::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn v1(frame: &'static str) -> Result<ClientMessage, Malformed> {
        ClientMessage::of_text(Version::V1, &Bytes::from_static(frame.as_bytes()))
    }

    fn v2(frame: &'static str) -> Result<ClientMessage, Malformed> {
        ClientMessage::of_text(Version::V2, &Bytes::from_static(frame.as_bytes()))
    }

    fn broadcast(event: &str, body: Body) -> Request {
        Request::Broadcast { event: event.into(), body }
    }

    fn json(body: &'static str) -> Body {
        Body::Json(Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn both_versions_carry_the_same_message() {
        let object = v1(
            r#"{"event":"broadcast","payload":{"type":"broadcast","event":"msg","payload":{"u":"héé"}},"topic":"realtime:room:1","ref":"8","join_ref":"6"}"#,
        );
        let array = v2(
            r#"["6","8","realtime:room:1","broadcast",{"type":"broadcast","event":"msg","payload":{"u":"héé"}}]"#,
        );
        assert_eq!(object, array);
        assert_eq!(object.unwrap().request, broadcast("msg", json(r#"{"u":"héé"}"#)));
    }

    #[test]
    fn the_captured_binary_frames_are_decoded() {
        let head = [3, 1, 1, 15, 3, 0, 1];
        let frame = [&head[..], b"68realtime:room:1msg", r#"{"u":"héé"}"#.as_bytes()].concat();
        let read = ClientMessage::of_binary(Version::V2, &frame.into()).unwrap();
        assert_eq!(read.topic, "realtime:room:1");
        assert_eq!((read.join_ref.json(), read.reference.json()), (r#""6""#, r#""8""#));
        assert_eq!(read.request, broadcast("msg", json(r#"{"u":"héé"}"#)));

        let frame = [&[3, 1, 2, 10, 1, 0, 0][..], b"612realtime:ak", &[0, 255, 16]].concat();
        let read = ClientMessage::of_binary(Version::V2, &frame.into()).unwrap();
        assert_eq!(read.request, broadcast("k", Body::Binary(Bytes::from_static(&[0, 255, 16]))));
    }

    #[test]
    fn invalid_utf8_in_a_binary_header_is_replaced_and_metadata_is_skipped() {
        let frame = [&[3, 0, 0, 1, 2, 4, 1][..], b"t", &[0xE5, 0x2C], b"{\"a\"", b"1"].concat();
        let read = ClientMessage::of_binary(Version::V2, &frame.into()).unwrap();
        assert_eq!(read.join_ref, Ref::NONE);
        assert_eq!(read.request, broadcast("\u{FFFD},", json("1")));
    }

    #[test]
    fn presence_and_heartbeats_are_decoded() {
        let track = v2(
            r#"["6","7","realtime:a","presence",{"type":"presence","event":"track","payload":{"n":1}}]"#,
        );
        let object = Track::Object(Bytes::from_static(br#"{"n":1}"#));
        assert_eq!(track.unwrap().request, Request::Track(object));
        let track = v1(
            r#"{"topic":"realtime:a","event":"presence","payload":{"event":"track","payload":7},"ref":"1"}"#,
        );
        assert_eq!(track.unwrap().request, Request::Track(Track::NoObject));
        let untrack =
            v2(r#"["6","14","realtime:a","presence",{"type":"presence","event":"untrack"}]"#);
        assert_eq!(untrack.unwrap().request, Request::Untrack);
        let beat = v1(
            r#"{"event":"heartbeat","payload":{},"topic":"phoenix","ref":null,"join_ref":null}"#,
        );
        assert_eq!(beat.unwrap().request, Request::Heartbeat);
    }

    #[test]
    fn a_missing_body_is_an_empty_object() {
        for payload in [r#"{"event":"e"}"#, r#"{"event":"e","payload":null}"#] {
            let frame = format!(r#"["1","2","t","broadcast",{payload}]"#);
            let read = ClientMessage::of_text(Version::V2, &frame.into()).unwrap();
            assert_eq!(read.request, broadcast("e", json("{}")));
        }
    }

    #[test]
    fn a_broken_frame_is_malformed() {
        for frame in ["", "{}", "[]", "7", r#"["1","2","t"]"#, r#"["1","2","t","e",{]"#] {
            assert_eq!(v2(frame), Err(Malformed), "{frame}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_decoder_panic(bytes: Vec<u8>) {
            let bytes = Bytes::from(bytes);
            let _ = ClientMessage::of_text(Version::V1, &bytes);
            let _ = ClientMessage::of_text(Version::V2, &bytes);
            let _ = ClientMessage::of_binary(Version::V2, &bytes);
        }
    }
}
