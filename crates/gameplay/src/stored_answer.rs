//! The shape of an answer that is stored under an `Idempotency-Key`.

use chrono::{DateTime, Utc};
use documents::Json;
use ids::{GameplayStateId, RoomId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::state::{GameplayId, GameplayState};
use crate::version::Tag;

/// The answer that is stored under an `Idempotency-Key`.
///
/// Rows outlive the program that wrote them: a new field needs a default, and none is renamed without
/// an alias.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// The state that was saved.
    id: GameplayStateId,
    /// The version that the save made.
    version: i64,
    /// When the state's first version was saved.
    created_at: DateTime<Utc>,
    /// When this version was saved.
    #[serde(alias = "updated_at")]
    saved_at: DateTime<Utc>,
    /// The document, in answers that were stored before it was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<Box<RawValue>>,
}

impl StoredAnswer {
    /// The answer to a save that made this state.
    pub(crate) fn of(state: &GameplayState) -> Self {
        Self {
            id: state.id,
            version: state.version,
            created_at: state.created_at,
            saved_at: state.saved_at,
            state: None,
        }
    }

    /// The version that the save made.
    pub(crate) fn tag(&self) -> Tag {
        Tag { state: self.id, version: self.version }
    }

    /// The document, in answers that were stored before it was left out.
    pub(crate) fn document(&self) -> Option<Json> {
        self.state.clone().map(Json::from_raw)
    }

    /// The state as it was saved.
    pub(crate) fn state(&self, room: RoomId, game: GameplayId, document: Json) -> GameplayState {
        GameplayState {
            id: self.id,
            room_id: room,
            gameplay_id: game,
            state: document,
            version: self.version,
            created_at: self.created_at,
            saved_at: self.saved_at,
        }
    }
}

/// Two answers are the same when they name the same version.
impl PartialEq for StoredAnswer {
    fn eq(&self, other: &Self) -> bool {
        (self.id, self.version) == (other.id, other.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of release 0.1, which held the whole state, and of today.
    #[test]
    fn answers_that_were_stored_earlier_can_be_read() {
        let with_document = r#"{"id":"00000000-0000-0000-0000-00000000000a","room_id":"00000000-0000-0000-0000-00000000000b","gameplay_id":"game","version":3,"last_played_at":"2026-11-22T21:49:05.007362Z","created_at":"2026-11-22T20:00:00Z","updated_at":"2026-11-22T21:49:05.007362Z","state":{"n":1.50}}"#;
        let today = r#"{"id":"00000000-0000-0000-0000-00000000000a","version":3,"created_at":"2026-11-22T20:00:00Z","saved_at":"2026-11-22T21:49:05.007362Z"}"#;
        for (literal, document) in [(with_document, Some(r#"{"n":1.50}"#)), (today, None)] {
            let answer: StoredAnswer = serde_json::from_str(literal).unwrap();
            assert_eq!(answer.id, GameplayStateId::from_u128(10));
            assert_eq!(answer.version, 3);
            assert_eq!(answer.created_at.to_rfc3339(), "2026-11-22T20:00:00+00:00");
            assert_eq!(answer.saved_at.to_rfc3339(), "2026-11-22T21:49:05.007362+00:00");
            assert_eq!(answer.state.as_deref().map(RawValue::get), document);
        }
        let answer: StoredAnswer = serde_json::from_str(today).unwrap();
        assert_eq!(serde_json::to_string(&answer).unwrap(), today);
    }
}
