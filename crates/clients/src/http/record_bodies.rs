//! A record of a consultation in JSON bodies of requests and answers.

use chrono::{DateTime, Utc};
use documents::{Bounds, Json};
use ids::{AccountId, ClientId, FileId, RecordId, RoomId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use values::{Day, Fault, Field, Fields, FromFields, Location, time};

use crate::error::ClientError;
use crate::record::{Duration, NewRecord, Record, RecordNotes, Topics};
use crate::records::FullRecord;

/// A record to add.
#[derive(ToSchema)]
pub(crate) struct RecordRequest {
    /// A room of one's own.
    room_id: RoomId,
    /// The client of the path; another one is refused.
    pub(super) client_id: ClientId,
    /// When the consultation was: RFC 3339, a date, or seconds since 1970; in UTC without a zone.
    #[schema(value_type = String, format = "date-time", example = "2026-11-22T21:49:05Z")]
    session_date: DateTime<Utc>,
    /// In minutes.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 10080)]
    duration_minutes: Option<Duration>,
    /// The state of a game: an object of any content.
    #[schema(value_type = Option<Object>)]
    game_state: Option<Object>,
    /// At most 50 of at most 200 characters.
    #[schema(value_type = Option<Vec<String>>, max_items = 50)]
    topics: Option<Topics>,
    /// At most 10,000 characters.
    #[schema(value_type = Option<String>, max_length = 10000)]
    notes: Option<RecordNotes>,
    #[schema(required = false)]
    follow_up_required: bool,
    #[schema(value_type = Option<String>, format = "date", example = "2026-11-30")]
    follow_up_date: Option<Day>,
}

/// An object of any content.
struct Object(Value);

impl Field for Object {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        if value.is_object() {
            return Some(Self(value.clone()));
        }
        location.reject(value, Fault::new("dict_type", "Input should be a valid dictionary"))
    }
}

impl FromFields for RecordRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (room_id, client_id) = (fields.field("room_id"), fields.field("client_id"));
        let session_date = fields.field("session_date");
        let duration_minutes = fields.field("duration_minutes");
        let (game_state, topics) = (fields.field("game_state"), fields.field("topics"));
        let notes = fields.field("notes");
        let follow_up_required = fields.field_or("follow_up_required", false);
        let follow_up_date = fields.field("follow_up_date");
        Some(Self {
            room_id: room_id?,
            client_id: client_id?,
            session_date: session_date?,
            duration_minutes: duration_minutes?,
            game_state: game_state?,
            topics: topics?,
            notes: notes?,
            follow_up_required: follow_up_required?,
            follow_up_date: follow_up_date?,
        })
    }
}

impl RecordRequest {
    /// The record, whose state is within `bounds`.
    ///
    /// # Errors
    /// When the state exceeds the bounds.
    pub(super) fn into_record(self, bounds: Bounds) -> Result<NewRecord, ClientError> {
        let accept = |Object(state)| Json::accept(&state.to_string(), bounds);
        Ok(NewRecord {
            room_id: self.room_id,
            session_date: self.session_date,
            duration_minutes: self.duration_minutes,
            game_state: self.game_state.map(accept).transpose().map_err(ClientError::State)?,
            topics: self.topics.unwrap_or_default(),
            notes: self.notes,
            follow_up_required: self.follow_up_required,
            follow_up_date: self.follow_up_date,
        })
    }
}

/// A record of a consultation.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecordView {
    id: RecordId,
    /// The room, which may have been deleted since.
    room_id: RoomId,
    client_id: ClientId,
    counselor_id: AccountId,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    session_date: String,
    duration_minutes: Option<i32>,
    /// Paths of its screenshots, the oldest first.
    screenshots: Vec<String>,
    #[schema(value_type = Option<Object>)]
    game_state: Option<Json>,
    topics: Vec<String>,
    notes: Option<String>,
    follow_up_required: bool,
    #[schema(format = "date", example = "2026-11-30")]
    follow_up_date: Option<String>,
    /// Always null.
    ai_summary: Option<String>,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    created_at: String,
    #[schema(example = "2026-11-22T21:49:05.007362Z")]
    updated_at: String,
}

impl From<Record> for RecordView {
    fn from(record: Record) -> Self {
        Self {
            id: record.id,
            room_id: record.room_id,
            client_id: record.client_id,
            counselor_id: record.counselor_id,
            session_date: time::zulu(record.session_date),
            duration_minutes: record.duration_minutes,
            screenshots: Vec::new(),
            game_state: record.game_state,
            topics: record.topics,
            notes: record.notes,
            follow_up_required: record.follow_up_required,
            follow_up_date: record.follow_up_date,
            ai_summary: record.ai_summary,
            created_at: time::zulu(record.created_at),
            updated_at: time::zulu(record.updated_at),
        }
    }
}

impl From<FullRecord> for RecordView {
    fn from(FullRecord { record, screenshots }: FullRecord) -> Self {
        Self { screenshots: screenshots.into_iter().map(path_of).collect(), ..record.into() }
    }
}

/// The path of a file.
fn path_of(file: FileId) -> String {
    format!("/api/files/{file}")
}
