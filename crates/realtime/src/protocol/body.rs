//! The body of a broadcast.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::malformed::Malformed;

/// Deepest nesting of arrays and objects that is relayed. Browsers accept more, but some libraries
/// recurse for each level.
const DEPTH_MAX: usize = 100;

/// Largest part that is always copied out of its frame, in bytes. One read buffer of this size may hold
/// many small frames; copying costs less than encoding the broadcast.
const COPIED_MAX: usize = 64 * 1024;

/// The body of a broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Valid JSON.
    Json(Bytes),
    /// Bytes, which only version 2.0.0 can carry.
    Binary(Bytes),
}

impl Body {
    /// Parses JSON. No bytes, or null, are an empty object.
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
        Ok(Self::Json(copy_part(frame, text.as_bytes())))
    }

    fn empty() -> Self {
        Self::Json(Bytes::from_static(b"{}"))
    }

    /// The length, in bytes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Json(bytes) | Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// A part of a frame that outlives the frame. A slice would keep the whole read buffer alive, so the
/// part is copied, unless it is large and most of its frame.
pub(super) fn copy_part(frame: &Bytes, part: &[u8]) -> Bytes {
    if part.len() > COPIED_MAX && part.len() > frame.len() / 2 {
        frame.slice_ref(part)
    } else {
        Bytes::copy_from_slice(part)
    }
}

/// The depth of nested arrays and objects.
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
    use crate::protocol::{ClientMessage, Version};

    #[test]
    fn a_body_keeps_no_more_memory_than_its_own() {
        let junk = "x".repeat(260_000);
        let object = format!(
            r#"{{"topic":"t","event":"broadcast","payload":{{"event":"e","payload":{{}},"junk":"{junk}"}}}}"#
        );
        let large = format!(
            r#"{{"topic":"t","event":"broadcast","payload":{{"event":"e","payload":"{junk}"}}}}"#
        );
        // Copying nearly all of a large frame would cost more than it saves.
        for (frame, is_kept) in [(Bytes::from(object), false), (Bytes::from(large), true)] {
            let read = ClientMessage::of_text(Version::V1, &frame).unwrap();
            assert_eq!(frame.is_unique(), !is_kept);
            drop(read);
        }
        for encoding in [0, 1] {
            let frame = [&[3, 0, 0, 1, 1, 255, encoding][..], b"te", &[b'x'; 255], b"{}"].concat();
            let frame = Bytes::from(frame);
            let read = ClientMessage::of_binary(Version::V2, &frame).unwrap();
            assert!(frame.is_unique(), "{read:?}");
        }
    }

    #[test]
    fn invalid_or_too_deep_json_is_malformed() {
        assert_eq!(Body::json(&Bytes::from_static(b"{\"a\":")), Err(Malformed));
        assert_eq!(Body::json(&Bytes::from_static(&[b'"', 0xFF, b'"'])), Err(Malformed));
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Body::json(&nested(DEPTH_MAX).into()).is_ok());
        assert_eq!(Body::json(&nested(DEPTH_MAX + 1).into()), Err(Malformed));
        let text = format!("\"\\\"{}\"", "[".repeat(500));
        assert!(Body::json(&text.into()).is_ok());
    }
}
