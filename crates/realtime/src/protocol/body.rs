//! What a broadcast says, as it is kept and handed on.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::incoming::Malformed;

/// Arrays and objects inside one another in what is handed on. Browsers read more, but some
/// libraries follow each level with a call.
const DEPTH_MAX: usize = 100;

/// What is always copied out of a frame, in bytes. As much is read at once, for many frames if they
/// are small; to copy it takes less time than to encode it does.
const COPIED_MAX: usize = 64 * 1024;

/// What a broadcast says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// JSON that was checked.
    Json(Bytes),
    /// Bytes that only version 2.0.0 can carry.
    Binary(Bytes),
}

impl Body {
    /// Bytes that have to be JSON; nothing, or null, is an empty object.
    pub(crate) fn json(bytes: &Bytes) -> Result<Self, Malformed> {
        if bytes.is_empty() {
            return Ok(Self::empty());
        }
        let raw: &RawValue = serde_json::from_slice(bytes).map_err(|_| Malformed)?;
        Self::of_raw(bytes, Some(raw))
    }

    pub(super) fn of_raw(frame: &Bytes, raw: Option<&RawValue>) -> Result<Self, Malformed> {
        let Some(text) = raw.map(RawValue::get).filter(|it| *it != "null") else {
            return Ok(Self::empty());
        };
        if depth(text) > DEPTH_MAX {
            return Err(Malformed);
        }
        Ok(Self::Json(part(frame, text.as_bytes())))
    }

    fn empty() -> Self {
        Self::Json(Bytes::from_static(b"{}"))
    }

    /// How long it is, in bytes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Json(bytes) | Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// A part of a frame that may be kept for long. It would keep all memory that was read together with
/// it, so it is a copy, unless it is large and most of its frame.
pub(super) fn part(frame: &Bytes, part: &[u8]) -> Bytes {
    if part.len() > COPIED_MAX && part.len() > frame.len() / 2 {
        frame.slice_ref(part)
    } else {
        Bytes::copy_from_slice(part)
    }
}

/// How deep arrays and objects lie inside one another.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Incoming, Version};

    #[test]
    fn what_is_kept_of_a_frame_keeps_no_more_than_itself() {
        let junk = "x".repeat(260_000);
        let object = format!(
            r#"{{"topic":"t","event":"broadcast","payload":{{"event":"e","payload":{{}},"junk":"{junk}"}}}}"#
        );
        let large = format!(
            r#"{{"topic":"t","event":"broadcast","payload":{{"event":"e","payload":"{junk}"}}}}"#
        );
        // A copy of what is nearly all of a large frame would cost more than it saves.
        for (frame, is_kept) in [(Bytes::from(object), false), (Bytes::from(large), true)] {
            let read = Incoming::of_text(Version::V1, &frame).unwrap();
            assert_eq!(frame.is_unique(), !is_kept);
            drop(read);
        }
        for encoding in [0, 1] {
            let frame = [&[3, 0, 0, 1, 1, 255, encoding][..], b"te", &[b'x'; 255], b"{}"].concat();
            let frame = Bytes::from(frame);
            let read = Incoming::of_binary(Version::V2, &frame).unwrap();
            assert!(frame.is_unique(), "{read:?}");
        }
    }

    #[test]
    fn what_is_broken_or_too_deep_is_malformed() {
        assert_eq!(Body::json(&Bytes::from_static(b"{\"a\":")), Err(Malformed));
        assert_eq!(Body::json(&Bytes::from_static(&[b'"', 0xFF, b'"'])), Err(Malformed));
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Body::json(&nested(DEPTH_MAX).into()).is_ok());
        assert_eq!(Body::json(&nested(DEPTH_MAX + 1).into()), Err(Malformed));
        let text = format!("\"\\\"{}\"", "[".repeat(500));
        assert!(Body::json(&text.into()).is_ok());
    }
}
