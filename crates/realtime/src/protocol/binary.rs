//! The binary frames of version 2.0.0: a head of lengths, the texts they measure, and a body.

use bytes::Bytes;

use super::body::{Body, part};
use super::incoming::{Deed, Incoming, Malformed};
use super::reference::Ref;

/// A broadcast on its way to the server.
const USER_PUSH: u8 = 3;

/// A broadcast on its way to a client.
const USER_BROADCAST: u8 = 4;

/// Texts in the head are measured with one byte.
const TEXT_BYTES_MAX: usize = 255;

/// Reads a broadcast: kind 3.
///
/// Texts are read leniently, because clients exist that cut each character down to a byte.
pub(super) fn decode(frame: &Bytes) -> Result<Incoming, Malformed> {
    let (head, mut rest) = frame.split_at_checked(7).ok_or(Malformed)?;
    let [kind, join_ref, reference, topic, event, meta, encoding] = *head else {
        return Err(Malformed);
    };
    if kind != USER_PUSH || encoding > 1 {
        return Err(Malformed);
    }
    let mut take = |length: u8| -> Result<&[u8], Malformed> {
        let (text, more) = rest.split_at_checked(length.into()).ok_or(Malformed)?;
        rest = more;
        Ok(text)
    };
    let join_ref = String::from_utf8_lossy(take(join_ref)?);
    let reference = String::from_utf8_lossy(take(reference)?);
    let topic = String::from_utf8_lossy(take(topic)?);
    let event = String::from_utf8_lossy(take(event)?);
    // What a client wants to have kept is kept here anyway.
    take(meta)?;
    let body = if encoding == 0 {
        Body::Binary(part(frame, rest))
    } else {
        Body::json(&frame.slice_ref(rest))?
    };
    Ok(Incoming {
        join_ref: Ref::of_text(&join_ref),
        reference: Ref::of_text(&reference),
        topic: topic.into_owned(),
        deed: Deed::Broadcast { event: event.into_owned(), body },
    })
}

/// Writes a broadcast: kind 4. Nothing when a text is longer than its head can say.
#[expect(clippy::cast_possible_truncation, reason = "texts that are longer are refused before")]
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
