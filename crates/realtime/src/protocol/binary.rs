//! The binary frames of version 2.0.0: a header of lengths, the texts that they measure, and a body.

use std::borrow::Cow;

use bytes::Bytes;

use super::body::{Body, copy_part};
use super::malformed::Malformed;

/// Kind of a broadcast from a client.
const USER_PUSH: u8 = 3;

/// Kind of a broadcast to a client.
const USER_BROADCAST: u8 = 4;

/// Longest text in the header, in bytes: each length is one byte.
const TEXT_BYTES_MAX: usize = 255;

/// A broadcast from a client.
pub(super) struct BinaryBroadcast<'a> {
    pub(super) join_ref: Cow<'a, str>,
    pub(super) reference: Cow<'a, str>,
    pub(super) topic: Cow<'a, str>,
    pub(super) event: Cow<'a, str>,
    pub(super) body: Body,
}

/// Decodes a broadcast of kind 3.
///
/// Invalid UTF-8 in the header is replaced: some clients truncate each character to one byte.
pub(super) fn decode(frame: &Bytes) -> Result<BinaryBroadcast<'_>, Malformed> {
    let (head, mut rest) = frame.split_at_checked(7).ok_or(Malformed)?;
    let [kind, join_ref, reference, topic, event, meta, encoding] = *head else {
        return Err(Malformed);
    };
    if kind != USER_PUSH || encoding > 1 {
        return Err(Malformed);
    }
    let mut take = |length: u8| {
        let (text, more) = rest.split_at_checked(length.into()).ok_or(Malformed)?;
        rest = more;
        Ok(String::from_utf8_lossy(text))
    };
    let (join_ref, reference) = (take(join_ref)?, take(reference)?);
    let (topic, event) = (take(topic)?, take(event)?);
    // The metadata asks for persistence. Every broadcast is kept for replay anyway.
    take(meta)?;
    let body = if encoding == 0 {
        Body::Binary(copy_part(frame, rest))
    } else {
        Body::json(&frame.slice_ref(rest))?
    };
    Ok(BinaryBroadcast { join_ref, reference, topic, event, body })
}

/// Encodes a broadcast of kind 4. `None` when a text is longer than its length byte can say.
#[expect(clippy::cast_possible_truncation, reason = "longer texts are refused before")]
pub(super) fn encode(topic: &str, event: &str, meta: &str, body: &Body) -> Option<Vec<u8>> {
    if [topic, event, meta].iter().any(|it| it.len() > TEXT_BYTES_MAX) {
        return None;
    }
    let (encoding, body) = match body {
        Body::Binary(body) => (0, body),
        Body::Json(body) => (1, body),
    };
    let mut frame = Vec::with_capacity(5 + topic.len() + event.len() + meta.len() + body.len());
    frame.push(USER_BROADCAST);
    frame.extend([topic, event, meta].map(|it| it.len() as u8));
    frame.push(encoding);
    for text in [topic, event, meta] {
        frame.extend_from_slice(text.as_bytes());
    }
    frame.extend_from_slice(body);
    Some(frame)
}
