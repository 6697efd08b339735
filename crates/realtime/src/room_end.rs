//! The end of a room, as its channels report it.

use chrono::{DateTime, SecondsFormat, Utc};

/// The reason for which a room ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomEnd {
    /// It was closed.
    Closed,
    /// It was deleted.
    Deleted,
    /// Its time is over.
    Expired,
}

impl RoomEnd {
    /// The `reason` of the event `session_ended`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "room_closed",
            Self::Deleted => "room_deleted",
            Self::Expired => "room_expired",
        }
    }

    /// The payload of the event `session_ended`, as the web app sends it.
    pub(crate) fn payload(self, now: DateTime<Utc>) -> String {
        let timestamp = now.to_rfc3339_opts(SecondsFormat::Millis, true);
        format!(r#"{{"reason":"{}","timestamp":"{timestamp}"}}"#, self.as_str())
    }
}
