//! The messages of the server.

use std::fmt::Write as _;

use bytes::Bytes;

use super::body::Body;
use super::quoted::quoted;
use super::reference::Ref;
use super::{Version, binary, wire};

/// The reply to a client message. `outcome` holds a JSON object.
pub(crate) fn reply(
    version: Version,
    (join_ref, reference): (&Ref, &Ref),
    topic: &str,
    outcome: Result<&str, &str>,
) -> Bytes {
    let (status, response) = match outcome {
        Ok(response) => ("ok", response),
        Err(response) => ("error", response),
    };
    let payload = format!(r#"{{"status":"{status}","response":{response}}}"#);
    message(version, (join_ref, reference), topic, "phx_reply", &payload)
}

/// A message that is no reply. `join_ref` is none, or the one of the client's join; `payload` is JSON.
pub(crate) fn push(
    version: Version,
    join_ref: &Ref,
    topic: &str,
    event: &str,
    payload: &str,
) -> Bytes {
    // Version 1.0.0 has no field for the join reference; clients look for it in `ref`.
    let is_end = matches!(event, "phx_close" | "phx_error");
    let reference = if is_end { join_ref } else { &Ref::NONE };
    message(version, (join_ref, reference), topic, event, payload)
}

/// Version 1.0.0 needs the key `ref` even when it is null.
fn message(
    version: Version,
    (join_ref, reference): (&Ref, &Ref),
    topic: &str,
    event: &str,
    payload: &str,
) -> Bytes {
    let (join_ref, reference, topic) = (join_ref.json(), reference.json(), quoted(topic));
    let text = match version {
        Version::V1 => format!(
            r#"{{"topic":{topic},"event":"{event}","payload":{payload},"ref":{reference}}}"#
        ),
        Version::V2 => format!(r#"[{join_ref},{reference},{topic},"{event}",{payload}]"#),
    };
    wire::text(text.as_bytes())
}

/// The parts of a broadcast to be encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BroadcastFrame<'a> {
    /// The topic, as clients write it.
    pub(crate) topic: &'a str,
    /// The event.
    pub(crate) event: &'a str,
    /// Metadata of the server: a JSON object.
    pub(crate) meta: &'a str,
    /// The body.
    pub(crate) body: &'a Body,
}

impl BroadcastFrame<'_> {
    /// The frame for a version; `None` when the version cannot carry the body.
    pub(crate) fn encode(&self, version: Version) -> Option<Bytes> {
        let Self { topic, event, meta, body } = *self;
        if version == Version::V2
            && let Some(frame) = binary::encode(topic, event, meta, body)
        {
            return Some(wire::binary(&frame));
        }
        let Body::Json(body) = body else { return None };
        let body = str::from_utf8(body).ok()?;
        let mut payload = String::with_capacity(body.len() + meta.len() + event.len() + 64);
        // Writing into a String does not fail.
        let _ = write!(
            payload,
            r#"{{"type":"broadcast","event":{},"payload":{body},"meta":{meta}}}"#,
            quoted(event),
        );
        Some(message(version, (&Ref::NONE, &Ref::NONE), topic, "broadcast", &payload))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::{ClientMessage, Request};

    fn payload(frame: &[u8]) -> &[u8] {
        assert!(frame[1] < 126, "a short frame");
        &frame[2..]
    }

    fn text(frame: &[u8]) -> String {
        String::from_utf8(payload(frame).to_vec()).unwrap()
    }

    #[test]
    fn replies_and_pushes_read_as_captured() {
        let refs = (&Ref::of_text("6"), &Ref::of_text("13"));
        let topic = "realtime:room:1";
        assert_eq!(
            text(&reply(Version::V2, refs, topic, Ok("{}"))),
            r#"["6","13","realtime:room:1","phx_reply",{"status":"ok","response":{}}]"#
        );
        assert_eq!(
            text(&reply(Version::V1, (refs.0, &Ref::NONE), "t", Err(r#"{"reason":"x"}"#))),
            r#"{"topic":"t","event":"phx_reply","payload":{"status":"error","response":{"reason":"x"}},"ref":null}"#
        );
        assert_eq!(
            text(&push(Version::V2, refs.0, topic, "presence_state", "{}")),
            r#"["6",null,"realtime:room:1","presence_state",{}]"#
        );
        assert_eq!(
            text(&push(Version::V1, refs.0, topic, "phx_close", "{}")),
            r#"{"topic":"realtime:room:1","event":"phx_close","payload":{},"ref":"6"}"#
        );
    }

    #[test]
    fn a_broadcast_has_a_form_for_each_version() {
        let body = Body::Json(Bytes::from_static(r#"{"u":"héé"}"#.as_bytes()));
        let parts = BroadcastFrame { topic: "realtime:a", event: "m", meta: "{}", body: &body };
        let frame = parts.encode(Version::V2).unwrap();
        let expected = [&[4, 10, 1, 2, 1][..], "realtime:am{}{\"u\":\"héé\"}".as_bytes()].concat();
        assert_eq!((frame[0], payload(&frame)), (0x82, &expected[..]));
        assert!(parts.encode(Version::V1).unwrap().ends_with(
            r#""payload":{"type":"broadcast","event":"m","payload":{"u":"héé"},"meta":{}},"ref":null}"#.as_bytes()
        ));
    }

    #[test]
    fn bytes_need_version_2_and_long_events_a_text_frame() {
        let body = Body::Binary(Bytes::from_static(&[0, 255]));
        let parts = BroadcastFrame { topic: "t", event: "e", meta: "", body: &body };
        assert!(parts.encode(Version::V1).is_none());
        assert_eq!(
            payload(&parts.encode(Version::V2).unwrap()),
            [4, 1, 1, 0, 0, b't', b'e', 0, 255]
        );

        let (body, event) = (Body::Json(Bytes::from_static(b"1")), "é".repeat(128));
        let parts = BroadcastFrame { topic: "t", event: &event, meta: "{}", body: &body };
        let frame = parts.encode(Version::V2).unwrap();
        assert!(frame[0] == 0x81 && frame.ends_with(br#""payload":1,"meta":{}}]"#));
    }

    /// The first byte and the payload of a frame.
    fn unframed(frame: &Bytes) -> (u8, Bytes) {
        let head = match frame[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        (frame[0], frame.slice(head..))
    }

    /// The topic, the event and the body of a broadcast that was encoded for a version.
    fn decoded(version: Version, frame: &Bytes) -> (String, String, Body) {
        let (first, payload) = unframed(frame);
        if first == 0x81 {
            let message = ClientMessage::of_text(version, &payload).unwrap();
            let Request::Broadcast { event, body } = message.request else { panic!("{payload:?}") };
            return (message.topic, event, body);
        }
        let [4, topic, event, meta, encoding, ref rest @ ..] = payload[..] else {
            panic!("{payload:?}")
        };
        let (topic, rest) = rest.split_at(topic.into());
        let (event, rest) = rest.split_at(event.into());
        let body = Bytes::copy_from_slice(&rest[meta.into()..]);
        let body = if encoding == 1 { Body::Json(body) } else { Body::Binary(body) };
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (text(topic), text(event), body)
    }

    proptest! {
        #[test]
        fn a_broadcast_is_decoded_as_it_was_encoded(
            topic in ".{0,200}",
            event in ".{0,200}",
            text in ".{0,200}",
            bytes: Vec<u8>,
        ) {
            let json = Body::Json(serde_json::json!({ "text": text }).to_string().into());
            let binary = Body::Binary(bytes.into());
            for (version, body) in [(Version::V1, &json), (Version::V2, &json), (Version::V2, &binary)] {
                let parts = BroadcastFrame { topic: &topic, event: &event, meta: "{}", body };
                // Version 2.0.0 carries bytes only with short texts.
                let Some(frame) = parts.encode(version) else { continue };
                let expected = (topic.clone(), event.clone(), body.clone());
                prop_assert_eq!(decoded(version, &frame), expected);
            }
        }
    }
}
