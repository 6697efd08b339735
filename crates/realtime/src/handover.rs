//! The presence of a room that one process hands over to the next. No I/O.
//!
//! When a process ends, all clients come back to the next one within seconds, one after the other. Without
//! a handover the first ones would see the others leave, and pages end a session when its owner leaves.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// How old a handover may be: the time that a new process may take to start.
const AGE_MAX: TimeDelta = TimeDelta::minutes(5);

/// How far the clock of the process before may be ahead.
const CLOCK_DIFFERENCE_MAX: TimeDelta = TimeDelta::seconds(10);

/// Largest handover of one room, in bytes. The presence of a larger room is not handed over.
pub(crate) const ROOM_BYTES_MAX: usize = 256 * 1024;

/// The presence of a room.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Handover {
    pub(crate) channels: Vec<HandedOverChannel>,
}

/// The presence of a channel.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HandedOverChannel {
    /// The topic, as clients write it.
    pub(crate) topic: String,
    pub(crate) is_private: bool,
    pub(crate) entries: Vec<HandedOverEntry>,
}

/// The presence of a member.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HandedOverEntry {
    pub(crate) key: String,
    /// Its `phx_ref`.
    pub(crate) reference: String,
    /// The tracked JSON object.
    pub(crate) object: Box<RawValue>,
    /// When the member tracked first.
    pub(crate) since: DateTime<Utc>,
}

impl Handover {
    /// The handover as text, unless it is empty or too large.
    pub(crate) fn to_text(&self) -> Option<String> {
        if self.channels.iter().all(|it| it.entries.is_empty()) {
            return None;
        }
        serde_json::to_string(self).ok().filter(|text| text.len() <= ROOM_BYTES_MAX)
    }

    /// Reads a handover that was stored at `stored_at`; `None` when it is too old, or cannot be read.
    pub(crate) fn read(text: &str, stored_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<Self> {
        let age = now - stored_at;
        let is_fresh = (-CLOCK_DIFFERENCE_MAX..=AGE_MAX).contains(&age);
        if is_fresh { serde_json::from_str(text).ok() } else { None }
    }

    /// Handovers that were stored before this are not used any more at `now`.
    pub(crate) fn oldest(now: DateTime<Utc>) -> DateTime<Utc> {
        now - AGE_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handover(object: &str) -> Handover {
        let entry = HandedOverEntry {
            key: "a\u{0}".into(),
            reference: "e-1".into(),
            object: RawValue::from_string(object.into()).unwrap(),
            since: DateTime::UNIX_EPOCH,
        };
        let topic = "realtime:room:1".into();
        Handover {
            channels: vec![HandedOverChannel { topic, is_private: true, entries: vec![entry] }],
        }
    }

    #[test]
    fn a_handover_is_read_as_it_was_written_while_it_is_fresh() {
        let text = handover(r#"{"n":1.0}"#).to_text().unwrap();
        assert!(!text.contains('\0'), "{text}");
        let now = Utc::now();
        for (age, is_read) in [(0, true), (299, true), (301, false), (-9, true), (-11, false)] {
            let read = Handover::read(&text, now - TimeDelta::seconds(age), now);
            assert_eq!(read.is_some(), is_read, "{age}");
        }
        let read = Handover::read(&text, now, now).unwrap();
        assert_eq!(read.to_text(), Some(text));
        assert_eq!(read.channels[0].entries[0].object.get(), r#"{"n":1.0}"#);
        assert!(Handover::read("{", now, now).is_none());
    }

    #[test]
    fn nothing_and_too_much_is_not_handed_over() {
        assert_eq!(Handover::default().to_text(), None);
        let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(ROOM_BYTES_MAX));
        assert_eq!(handover(&large).to_text(), None);
    }
}
