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

/// Length of the lengths at the beginning, in bytes.
const LENGTHS: usize = 7;

/// Longest beginning of a frame that holds its references, topic and event, in bytes.
pub(super) const HEAD_BYTES_MAX: usize = LENGTHS + 4 * TEXT_BYTES_MAX;

/// The texts in the header of a broadcast from a client.
pub(super) struct Head<'a> {
    pub(super) join_ref: Cow<'a, str>,
    pub(super) reference: Cow<'a, str>,
    pub(super) topic: Cow<'a, str>,
    event: Cow<'a, str>,
    meta_bytes: usize,
    is_json: bool,
    /// What follows: the metadata and the body.
    rest: &'a [u8],
}

/// A broadcast from a client.
pub(super) struct BinaryBroadcast<'a> {
    pub(super) join_ref: Cow<'a, str>,
    pub(super) reference: Cow<'a, str>,
    pub(super) topic: Cow<'a, str>,
    pub(super) event: Cow<'a, str>,
    pub(super) body: Body,
}

/// Decodes a broadcast of kind 3.
pub(super) fn decode(frame: &Bytes) -> Result<BinaryBroadcast<'_>, Malformed> {
    let Head { join_ref, reference, topic, event, meta_bytes, is_json, rest } = head(frame)?;
    // The metadata asks for persistence. Every broadcast is kept for replay anyway.
    let (_, body) = rest.split_at_checked(meta_bytes).ok_or(Malformed)?;
    let body = if is_json {
        Body::json(&frame.slice_ref(body))?
    } else {
        Body::Binary(copy_part(frame, body))
    };
    Ok(BinaryBroadcast { join_ref, reference, topic, event, body })
}

/// Decodes the header of a broadcast of kind 3.
///
/// Invalid UTF-8 in the header is replaced: some clients truncate each character to one byte.
pub(super) fn head(frame: &[u8]) -> Result<Head<'_>, Malformed> {
    let (lengths, mut rest) = frame.split_first_chunk::<LENGTHS>().ok_or(Malformed)?;
    let [kind, join_ref, reference, topic, event, meta, encoding] = *lengths;
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
    let (meta_bytes, is_json) = (meta.into(), encoding == 1);
    Ok(Head { join_ref, reference, topic, event, meta_bytes, is_json, rest })
}

/// Encodes a broadcast of kind 4. `None` when a text is longer than 255 bytes.
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
