//! The queries on `presence_handovers`.

use chrono::{DateTime, Utc};
use database::schema::presence_handovers;
use database::{At, Execute, Fetch};
use diesel::prelude::*;
use diesel::upsert::excluded;
use ids::RoomId;

/// A row of `presence_handovers`.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = presence_handovers)]
pub(crate) struct HandoverRow {
    pub(crate) room_id: RoomId,
    pub(crate) presence: String,
    pub(crate) stored_at: At,
}

/// Stores the presence of a room, in the place of an earlier one.
pub(crate) fn store(row: &HandoverRow) -> impl Execute {
    diesel::insert_into(presence_handovers::table)
        .values(row.clone())
        .on_conflict(presence_handovers::room_id)
        .do_update()
        .set((
            presence_handovers::presence.eq(excluded(presence_handovers::presence)),
            presence_handovers::stored_at.eq(excluded(presence_handovers::stored_at)),
        ))
}

/// Whether the presence of a room is stored.
pub(crate) fn exists(room: RoomId) -> impl Fetch<'static, RoomId> {
    presence_handovers::table.find(room).select(presence_handovers::room_id)
}

/// Takes the presence of a room, which is then no longer stored: its text, and when it was stored.
pub(crate) fn take(room: RoomId) -> impl Fetch<'static, (String, At)> {
    diesel::delete(presence_handovers::table.find(room))
        .returning((presence_handovers::presence, presence_handovers::stored_at))
}

/// Deletes what was stored before `before`.
pub(crate) fn delete_older(before: DateTime<Utc>) -> impl Execute {
    diesel::delete(presence_handovers::table)
        .filter(presence_handovers::stored_at.lt(At::from(before)))
}
