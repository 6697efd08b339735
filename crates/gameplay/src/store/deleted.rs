//! Deleted states, which can be restored while their history is stored.

use chrono::{DateTime, Utc};
use database::schema::{deleted_gameplay_states, gameplay_segments, gameplay_states};
use database::{At, Execute, Fetch, Follows, columns};
use diesel::prelude::*;
use documents::Json;
use ids::{GameplayStateId, RoomId};

use super::StoredDocument;
use crate::state::GameplayId;
use crate::version::Tag;

/// Deleted states of one room that are stored at most; the oldest are deleted for good.
const STORED_MAX: i64 = 20;

/// A state that is being deleted.
#[derive(Queryable, Selectable)]
#[diesel(table_name = gameplay_states)]
pub(crate) struct DeletedState {
    id: GameplayStateId,
    room_id: RoomId,
    gameplay_id: String,
    state: StoredDocument,
    version: i64,
    journal: String,
    created_at: At,
}

impl DeletedState {
    /// Its last version.
    pub(crate) fn tag(&self) -> Tag {
        Tag { state: self.id, version: self.version }
    }
}

/// A row of `deleted_gameplay_states`.
#[derive(Insertable, Queryable, Selectable, AsChangeset, Clone)]
#[diesel(table_name = deleted_gameplay_states)]
pub(crate) struct DeletedRow {
    id: GameplayStateId,
    room_id: RoomId,
    gameplay_id: String,
    version: i64,
    created_at: At,
    deleted_at: At,
}

impl DeletedRow {
    /// The last version of the state.
    pub(crate) fn tag(&self) -> Tag {
        Tag { state: self.id, version: self.version }
    }

    /// When the state's first version was saved.
    pub(crate) fn created_at(&self) -> At {
        self.created_at
    }
}

/// The deleted state of a game.
pub(crate) fn deleted(room: RoomId, game: &GameplayId) -> impl Fetch<'_, DeletedRow> {
    deleted_gameplay_states::table
        .filter(deleted_gameplay_states::room_id.eq(room))
        .filter(deleted_gameplay_states::gameplay_id.eq(game.as_str()))
        .select(columns::<DeletedRow>())
}

/// Deletes the state of a game, and returns it.
pub(crate) fn delete(room: RoomId, game: &GameplayId) -> impl Fetch<'_, DeletedState> {
    diesel::delete(gameplay_states::table)
        .filter(gameplay_states::room_id.eq(room))
        .filter(gameplay_states::gameplay_id.eq(game.as_str()))
        .returning(columns::<DeletedState>())
}

/// Deletes a state while it is at this version, and returns it.
pub(crate) fn delete_version(tag: Tag) -> impl Fetch<'static, DeletedState> {
    diesel::delete(gameplay_states::table)
        .filter(gameplay_states::id.eq(tag.state))
        .filter(gameplay_states::version.eq(tag.version))
        .returning(columns::<DeletedState>())
}

/// Stores what was deleted, if the history is: the state and, as the last segment of its history, its
/// document. Replaces the deleted state of the same game, and deletes the oldest of the room beyond
/// [`STORED_MAX`]. Without a history nothing of the state is left.
pub(crate) fn after_delete(
    rows: &[DeletedState],
    stores_history: bool,
    now: DateTime<Utc>,
) -> impl Follows + use<> {
    let row = rows.first();
    let deleted_at = At::from(now);
    let replaced = row.map(replace);
    let stored = row.filter(|_| stores_history);
    let state = stored.map(|row| store_state(row, deleted_at));
    let segment = stored.and_then(|row| store_segment(row, deleted_at));
    let oldest = stored.map(|row| delete_oldest(row.room_id));
    let dropped = row.filter(|_| !stores_history);
    let segments = dropped.map(|row| delete_segments(row.id));
    let earlier = dropped.map(|row| delete_deleted(row.id));
    ((replaced, (state, segment)), (oldest, (segments, earlier)))
}

fn delete_segments(state: GameplayStateId) -> impl Execute {
    diesel::delete(gameplay_segments::table.filter(gameplay_segments::state_id.eq(state)))
}

/// Of a state that was deleted and restored while the history was stored.
fn delete_deleted(state: GameplayStateId) -> impl Execute {
    diesel::delete(deleted_gameplay_states::table.find(state))
}

fn replace(row: &DeletedState) -> impl Execute + use<> {
    diesel::delete(deleted_gameplay_states::table)
        .filter(deleted_gameplay_states::room_id.eq(row.room_id))
        .filter(deleted_gameplay_states::gameplay_id.eq(row.gameplay_id.clone()))
        // That of a state that was restored leads to the same history.
        .filter(deleted_gameplay_states::id.ne(row.id))
}

fn store_state(row: &DeletedState, deleted_at: At) -> impl Execute + use<> {
    let row = DeletedRow {
        id: row.id,
        room_id: row.room_id,
        gameplay_id: row.gameplay_id.clone(),
        version: row.version,
        created_at: row.created_at,
        deleted_at,
    };
    diesel::insert_into(deleted_gameplay_states::table)
        .values(row.clone())
        .on_conflict(deleted_gameplay_states::id)
        .do_update()
        .set(row)
}

/// A damaged document is not stored. A segment that ends at the version is there already.
fn store_segment(row: &DeletedState, deleted_at: At) -> Option<impl Execute + use<>> {
    let document: Json = row.state.0.clone()?;
    let segment = (
        gameplay_segments::state_id.eq(row.id),
        gameplay_segments::last_version.eq(row.version),
        gameplay_segments::saved_at.eq(deleted_at),
        gameplay_segments::document.eq(document),
        gameplay_segments::journal.eq(row.journal.clone()),
    );
    Some(
        diesel::insert_into(gameplay_segments::table)
            .values(segment)
            .on_conflict((gameplay_segments::state_id, gameplay_segments::last_version))
            .do_update()
            .set(gameplay_segments::saved_at.eq(deleted_at)),
    )
}

/// States that were restored are not deleted, and do not count.
fn delete_oldest(room: RoomId) -> impl Execute {
    let all = diesel::alias!(deleted_gameplay_states as all_deleted);
    let restored = gameplay_states::table
        .filter(gameplay_states::room_id.eq(room))
        .select(gameplay_states::id);
    let oldest = all
        .filter(all.field(deleted_gameplay_states::room_id).eq(room))
        .filter(all.field(deleted_gameplay_states::id).ne_all(restored))
        .order(all.field(deleted_gameplay_states::deleted_at).desc())
        .select(all.field(deleted_gameplay_states::id))
        .limit(i64::MAX)
        .offset(STORED_MAX);
    diesel::delete(deleted_gameplay_states::table)
        .filter(deleted_gameplay_states::id.eq_any(oldest))
}

/// Deletes for good what was deleted before `moment`; a trigger deletes its history.
pub(crate) fn delete_stored(moment: DateTime<Utc>) -> impl Execute {
    let old = deleted_gameplay_states::deleted_at.lt(At::from(moment));
    diesel::delete(deleted_gameplay_states::table.filter(old))
}
