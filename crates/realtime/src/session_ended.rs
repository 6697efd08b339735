//! The payload of the event `session_ended`.

use chrono::{DateTime, SecondsFormat, Utc};
use rooms::EndReason;

/// The payload of the event `session_ended`, as the web app sends it.
pub(crate) fn session_ended(reason: EndReason, now: DateTime<Utc>) -> String {
    let timestamp = now.to_rfc3339_opts(SecondsFormat::Millis, true);
    format!(r#"{{"reason":"{}","timestamp":"{timestamp}"}}"#, reason.as_str())
}
