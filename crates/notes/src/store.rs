//! All queries on notes.
//!
//! A change locks the row of its note; earlier texts are only written by who holds it.

use chrono::{DateTime, Utc};
use database::schema::{counselor_note_versions, counselor_notes};
use database::{At, Execute, Fetch, ForNoKeyUpdate, columns};
use diesel::prelude::*;
use ids::RoomId;

use crate::note::{Note, Times, Version};

/// A row of `counselor_notes`. An empty note that was inserted for its first text has version 0.
#[derive(AsChangeset, Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = counselor_notes, primary_key(room_id))]
pub(crate) struct NoteRow {
    room_id: RoomId,
    content: String,
    version: i64,
    created_at: At,
    updated_at: At,
}

impl NoteRow {
    /// The row of a note; none if it was never written.
    pub(crate) fn of(note: &Note) -> Option<Self> {
        let times = note.times?;
        Some(Self {
            room_id: note.room_id,
            content: note.content.clone(),
            version: note.version,
            created_at: times.created_at.into(),
            updated_at: times.updated_at.into(),
        })
    }
}

impl From<NoteRow> for Note {
    fn from(row: NoteRow) -> Self {
        let times = Times { created_at: row.created_at.utc(), updated_at: row.updated_at.utc() };
        let times = (row.version > 0).then_some(times);
        Self { room_id: row.room_id, content: row.content, version: row.version, times }
    }
}

/// A row of `counselor_note_versions`.
#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = counselor_note_versions)]
pub(crate) struct VersionRow {
    room_id: RoomId,
    version: i64,
    content: String,
    bytes: i32,
    saved_at: At,
    replaced_at: At,
}

impl VersionRow {
    /// The row of an earlier text.
    pub(crate) fn of(room_id: RoomId, version: Version) -> Self {
        Self {
            room_id,
            version: version.version,
            content: version.content,
            bytes: version.bytes,
            saved_at: version.saved_at.into(),
            replaced_at: version.replaced_at.into(),
        }
    }
}

impl From<VersionRow> for Version {
    fn from(row: VersionRow) -> Self {
        Self {
            version: row.version,
            content: row.content,
            bytes: row.bytes,
            saved_at: row.saved_at.utc(),
            replaced_at: row.replaced_at.utc(),
        }
    }
}

/// The note of a room.
pub(crate) fn note(room: RoomId) -> impl Fetch<'static, NoteRow> {
    counselor_notes::table.find(room).select(columns::<NoteRow>())
}

/// The note of a room, whose row it locks.
pub(crate) fn lock_note(room: RoomId) -> impl Fetch<'static, NoteRow> {
    ForNoKeyUpdate(counselor_notes::table.find(room).select(columns::<NoteRow>()))
}

/// Inserts an empty note, unless the room has one.
pub(crate) fn insert_note(room: RoomId, now: DateTime<Utc>) -> impl Execute {
    let now = At::from(now);
    let row = NoteRow {
        room_id: room,
        content: String::new(),
        version: 0,
        created_at: now,
        updated_at: now,
    };
    diesel::insert_into(counselor_notes::table)
        .values(row)
        .on_conflict(counselor_notes::room_id)
        .do_nothing()
}

/// Saves a note whose row is locked.
pub(crate) fn save_note(row: &NoteRow) -> impl Execute + '_ {
    diesel::update(counselor_notes::table.find(row.room_id)).set(row)
}

/// Inserts an earlier text.
pub(crate) fn insert_version(row: &VersionRow) -> impl Execute + '_ {
    diesel::insert_into(counselor_note_versions::table).values(row)
}

/// The earlier texts of a room, newest first.
pub(crate) fn versions(room: RoomId) -> impl Fetch<'static, VersionRow> {
    counselor_note_versions::table
        .filter(counselor_note_versions::room_id.eq(room))
        .order(counselor_note_versions::version.desc())
        .select(columns::<VersionRow>())
}

/// The versions and bytes of the earlier texts of a room, newest first.
pub(crate) fn lengths(room: RoomId) -> impl Fetch<'static, (i64, i32)> {
    counselor_note_versions::table
        .filter(counselor_note_versions::room_id.eq(room))
        .order(counselor_note_versions::version.desc())
        .select((counselor_note_versions::version, counselor_note_versions::bytes))
}

/// The earlier text of this version.
pub(crate) fn version(room: RoomId, version: i64) -> impl Fetch<'static, VersionRow> {
    counselor_note_versions::table.find((room, version)).select(columns::<VersionRow>())
}

/// Deletes the earlier texts of a room up to this version.
pub(crate) fn delete_versions(room: RoomId, up_to: i64) -> impl Execute {
    diesel::delete(counselor_note_versions::table)
        .filter(counselor_note_versions::room_id.eq(room))
        .filter(counselor_note_versions::version.le(up_to))
}

/// Deletes the earlier texts that were replaced before this moment.
pub(crate) fn delete_replaced_before(moment: DateTime<Utc>) -> impl Execute {
    let is_old = counselor_note_versions::replaced_at.lt(At::from(moment));
    diesel::delete(counselor_note_versions::table).filter(is_old)
}
