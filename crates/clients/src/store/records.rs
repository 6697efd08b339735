//! Queries on records of consultations and their screenshots.

use database::schema::{consultation_records, consultation_screenshots};
use database::{At, Execute, Fetch, ForNoKeyUpdate, columns};
use diesel::prelude::*;
use documents::Json;
use ids::{AccountId, ClientId, FileId, RecordId, RoomId};

use super::clients::json_texts;
use crate::record::{Record, Screenshot};

/// A row of `consultation_records`.
#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = consultation_records)]
pub(crate) struct RecordRow {
    pub(crate) id: RecordId,
    client_id: ClientId,
    counselor_id: AccountId,
    room_id: RoomId,
    session_date: At,
    duration_minutes: Option<i32>,
    game_state: Option<Json>,
    topics: Json,
    notes: Option<String>,
    follow_up_required: bool,
    follow_up_date: Option<String>,
    ai_summary: Option<String>,
    created_at: At,
    updated_at: At,
}

impl RecordRow {
    /// The row of a record.
    ///
    /// # Errors
    /// When the topics cannot be written as JSON, which is a bug.
    pub(crate) fn of(record: &Record) -> serde_json::Result<Self> {
        Ok(Self {
            id: record.id,
            client_id: record.client_id,
            counselor_id: record.counselor_id,
            room_id: record.room_id,
            session_date: record.session_date.into(),
            duration_minutes: record.duration_minutes,
            game_state: record.game_state.clone(),
            topics: json_texts(&record.topics)?,
            notes: record.notes.clone(),
            follow_up_required: record.follow_up_required,
            follow_up_date: record.follow_up_date.clone(),
            ai_summary: record.ai_summary.clone(),
            created_at: record.created_at.into(),
            updated_at: record.updated_at.into(),
        })
    }

    /// The record of the row.
    ///
    /// # Errors
    /// When the topics are damaged.
    pub(crate) fn record(self) -> serde_json::Result<Record> {
        Ok(Record {
            id: self.id,
            client_id: self.client_id,
            counselor_id: self.counselor_id,
            room_id: self.room_id,
            session_date: self.session_date.utc(),
            duration_minutes: self.duration_minutes,
            game_state: self.game_state,
            topics: serde_json::from_str(self.topics.text())?,
            notes: self.notes,
            follow_up_required: self.follow_up_required,
            follow_up_date: self.follow_up_date,
            ai_summary: self.ai_summary,
            created_at: self.created_at.utc(),
            updated_at: self.updated_at.utc(),
        })
    }
}

/// The number of records of a client.
pub(crate) fn count_records(client: ClientId) -> impl Fetch<'static, i64> {
    consultation_records::table.filter(consultation_records::client_id.eq(client)).count()
}

/// Inserts a record.
pub(crate) fn insert_record(row: &RecordRow) -> impl Execute + '_ {
    diesel::insert_into(consultation_records::table).values(row)
}

/// At most `limit` records of a client after the first `offset`, the latest consultation first.
pub(crate) fn records_of(
    client: ClientId,
    limit: i64,
    offset: i64,
) -> impl Fetch<'static, RecordRow> {
    consultation_records::table
        .filter(consultation_records::client_id.eq(client))
        .order((consultation_records::session_date.desc(), consultation_records::id))
        .limit(limit)
        .offset(offset)
        .select(columns::<RecordRow>())
}

/// The counsellor of a record.
pub(crate) fn record_counsellor(id: RecordId) -> impl Fetch<'static, AccountId> {
    consultation_records::table.find(id).select(consultation_records::counselor_id)
}

/// The counsellor of a record, whose row it locks.
pub(crate) fn lock_record(id: RecordId) -> impl Fetch<'static, AccountId> {
    ForNoKeyUpdate(consultation_records::table.find(id).select(consultation_records::counselor_id))
}

/// Inserts a screenshot.
pub(crate) fn insert_screenshot(screenshot: Screenshot) -> impl Execute {
    diesel::insert_into(consultation_screenshots::table).values((
        consultation_screenshots::record_id.eq(screenshot.record_id),
        consultation_screenshots::file_id.eq(screenshot.file_id),
        consultation_screenshots::added_at.eq(At::from(screenshot.added_at)),
    ))
}

/// The number of screenshots of a record.
pub(crate) fn count_screenshots(record: RecordId) -> impl Fetch<'static, i64> {
    consultation_screenshots::table.filter(consultation_screenshots::record_id.eq(record)).count()
}

/// The screenshots of these records, the oldest first.
pub(crate) fn screenshots_of(records: Vec<RecordId>) -> impl Fetch<'static, (RecordId, FileId)> {
    consultation_screenshots::table
        .filter(consultation_screenshots::record_id.eq_any(records))
        .order((consultation_screenshots::added_at, consultation_screenshots::file_id))
        .select((consultation_screenshots::record_id, consultation_screenshots::file_id))
}
