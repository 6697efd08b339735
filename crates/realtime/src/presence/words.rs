//! How presence is told: JSON, written once for all who hear it.

use std::fmt::Write as _;

use bytes::Bytes;

use super::Shown;
use crate::protocol::quoted;

/// A message of the server about who came and went: JSON, of which one side is always empty.
pub(crate) type Difference = String;

/// What somebody takes in a message, in bytes, at most.
pub(super) fn weight(key: &str, object: &Bytes) -> usize {
    quoted(key).len() + object.len() + 64
}

pub(super) fn joins(epoch: &str, key: &str, shown: &Shown) -> Difference {
    let mut json = String::from(r#"{"joins":{"#);
    entry(&mut json, epoch, key, std::slice::from_ref(shown));
    json.push_str(r#"},"leaves":{}}"#);
    json
}

pub(super) fn leaves(epoch: &str, key: &str, shown: &Shown) -> Difference {
    let mut json = String::from(r#"{"joins":{},"leaves":{"#);
    entry(&mut json, epoch, key, std::slice::from_ref(shown));
    json.push_str("}}");
    json
}

pub(super) fn entry(json: &mut String, epoch: &str, key: &str, metas: &[Shown]) {
    json.push_str(&quoted(key));
    json.push_str(r#":{"metas":["#);
    for (index, shown) in metas.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        let object = str::from_utf8(&shown.object).unwrap_or("{}").trim_end();
        let fields = object.strip_suffix('}').unwrap_or("{");
        let comma = if fields.trim_end().ends_with('{') { "" } else { "," };
        // Writing into a string does not fail. Of two fields with one name the last counts.
        let _ = write!(json, r#"{fields}{comma}"phx_ref":"{epoch}-{:x}"}}"#, shown.reference);
    }
    json.push_str("]}");
}
