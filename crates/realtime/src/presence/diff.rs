//! Presence as JSON, encoded once for all receivers.

use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::meta::Meta;
use crate::protocol::{Ref, Version, push, quoted};

/// The payload of a `presence_diff`: JSON, of which `joins` or `leaves` is empty.
pub(crate) type PresenceDiff = String;

/// A `presence_diff` in delivery, encoded once for each version.
pub(crate) struct PresenceFrames {
    topic: Arc<str>,
    diff: PresenceDiff,
    encoded: [OnceLock<Bytes>; 2],
}

impl PresenceFrames {
    pub(crate) fn new(topic: Arc<str>, diff: PresenceDiff) -> Self {
        Self { topic, diff, encoded: Default::default() }
    }

    /// The frame of a version.
    pub(crate) fn frame(&self, version: Version) -> Bytes {
        let slot = match version {
            Version::V1 => &self.encoded[0],
            Version::V2 => &self.encoded[1],
        };
        let encode = || push(version, &Ref::NONE, &self.topic, "presence_diff", &self.diff);
        slot.get_or_init(encode).clone()
    }
}

pub(super) fn joins(key: &str, meta: &Meta) -> PresenceDiff {
    let mut json = String::from(r#"{"joins":{"#);
    write_entry(&mut json, key, [meta]);
    json.push_str(r#"},"leaves":{}}"#);
    json
}

pub(super) fn leaves(key: &str, metas: &[Meta]) -> PresenceDiff {
    let mut json = String::from(r#"{"joins":{},"leaves":{"#);
    write_entry(&mut json, key, metas);
    json.push_str("}}");
    json
}

/// Writes `"key":{"metas":[…]}`.
pub(super) fn write_entry<'a>(
    json: &mut String,
    key: &str,
    metas: impl IntoIterator<Item = &'a Meta>,
) {
    json.push_str(&quoted(key));
    json.push_str(r#":{"metas":["#);
    for (index, meta) in metas.into_iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        let object = str::from_utf8(&meta.object).unwrap_or("{}").trim_end();
        let fields = object.strip_suffix('}').unwrap_or("{");
        let comma = if fields.trim_end().ends_with('{') { "" } else { "," };
        // Writing into a String does not fail. Of two fields with one name the last one counts.
        let _ = write!(json, r#"{fields}{comma}"phx_ref":{}}}"#, quoted(&meta.reference));
    }
    json.push_str("]}");
}
