//! A record of a consultation.

use chrono::{DateTime, Utc};
use documents::Json;
use ids::{AccountId, ClientId, FileId, RecordId, RoomId};
use values::{Day, Integer, List, Text};

/// What a counsellor notes about a consultation: at most 10,000 characters, and so 40,000 bytes.
pub type RecordNotes = Text<0, 10_000>;

/// Topics of a consultation: at most 50, each of at most 200 characters.
pub type Topics = List<Text<0, 200>, 50>;

/// How long a consultation took, in minutes: a week at most.
pub type Duration = Integer<0, 10_080>;

/// A record of a consultation. It belongs to a client, and outlives the room.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its id.
    pub id: RecordId,
    /// The client.
    pub client_id: ClientId,
    /// The client's counsellor.
    pub counselor_id: AccountId,
    /// The room, which may have been deleted since.
    pub room_id: RoomId,
    /// When the consultation was.
    pub session_date: DateTime<Utc>,
    /// How long it took, in minutes.
    pub duration_minutes: Option<i32>,
    /// The state of a game.
    pub game_state: Option<Json>,
    /// Its topics.
    pub topics: Vec<String>,
    /// What the counsellor notes about it.
    pub notes: Option<String>,
    /// Whether another consultation is to follow.
    pub follow_up_required: bool,
    /// The day of that one, as `2026-11-30`.
    pub follow_up_date: Option<String>,
    /// A summary. Nothing writes it yet.
    pub ai_summary: Option<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was changed.
    pub updated_at: DateTime<Utc>,
}

/// A record as the counsellor requests it.
#[derive(Debug)]
pub struct NewRecord {
    /// A room of the counsellor.
    pub room_id: RoomId,
    /// When the consultation was.
    pub session_date: DateTime<Utc>,
    /// How long it took, in minutes.
    pub duration_minutes: Option<Duration>,
    /// The state of a game.
    pub game_state: Option<Json>,
    /// Its topics.
    pub topics: Topics,
    /// What the counsellor notes about it.
    pub notes: Option<RecordNotes>,
    /// Whether another consultation is to follow.
    pub follow_up_required: bool,
    /// The day of that one.
    pub follow_up_date: Option<Day>,
}

/// A screenshot of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screenshot {
    /// The record.
    pub record_id: RecordId,
    /// The file that holds it.
    pub file_id: FileId,
    /// When it was added.
    pub added_at: DateTime<Utc>,
}

impl Record {
    /// The record that is created at `now`.
    pub(crate) fn new(
        new: &NewRecord,
        client_id: ClientId,
        counselor_id: AccountId,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id: RecordId::new(),
            client_id,
            counselor_id,
            room_id: new.room_id,
            session_date: new.session_date,
            duration_minutes: new.duration_minutes.and_then(|it| i32::try_from(it.0).ok()),
            game_state: new.game_state.clone(),
            topics: new.topics.iter().map(ToString::to_string).collect(),
            notes: new.notes.as_ref().map(ToString::to_string),
            follow_up_required: new.follow_up_required,
            follow_up_date: new.follow_up_date.map(|it| it.to_string()),
            ai_summary: None,
            created_at: now,
            updated_at: now,
        }
    }
}
