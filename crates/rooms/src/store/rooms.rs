//! Queries on rooms.

mod group;
mod row;

use chrono::{DateTime, Utc};
use database::schema::{counselor_notes, gameplay_states, rooms, visitors};
use database::{At, Execute, Fetch, ForUpdate, columns};
use diesel::dsl::{count_star, exists, not};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use ids::{AccountId, GameplayStateId, RoomId};

pub(crate) use group::{insert_rooms, lock_rooms};
pub(crate) use row::{RoomRow, read_answer, write_answer};

/// A page of the list of an owner's rooms, before its columns are selected: the type of the query has no
/// name.
macro_rules! room_list {
    ($owner:expr, $with_closed:expr, $place:expr, $limit:expr) => {{
        let (created_at, id) = $place;
        let is_older = rooms::created_at
            .lt(created_at)
            .or(rooms::created_at.eq(created_at).and(rooms::id.gt(id)));
        rooms::table
            .filter(rooms::counselor_id.eq($owner))
            .filter(rooms::is_active.eq(true).or($with_closed.into_sql::<Bool>()))
            .filter(rooms::created_at.le(created_at))
            .filter(is_older)
            .order((rooms::created_at.desc(), rooms::id))
            .limit($limit)
    }};
}

/// Inserts a room unless its share code is taken.
pub(crate) fn insert_room(room: &RoomRow) -> impl Fetch<'_, RoomRow> {
    diesel::insert_into(rooms::table)
        .values(room)
        .on_conflict(rooms::share_code)
        .do_nothing()
        .returning(columns::<RoomRow>())
}

/// The room with this id.
pub(crate) fn room(id: RoomId) -> impl Fetch<'static, RoomRow> {
    rooms::table.find(id).select(columns::<RoomRow>())
}

/// The rooms with these ids.
pub(crate) fn rooms(ids: Vec<RoomId>) -> impl Fetch<'static, RoomRow> {
    rooms::table.filter(rooms::id.eq_any(ids)).select(columns::<RoomRow>())
}

/// The rooms with these ids, each paired with its id.
pub(crate) fn rooms_by_ids(ids: Vec<RoomId>) -> impl Fetch<'static, (RoomId, RoomRow)> {
    rooms::table.filter(rooms::id.eq_any(ids)).select((rooms::id, columns::<RoomRow>()))
}

/// The room with this share code.
pub(crate) fn room_by_code(code: String) -> impl Fetch<'static, RoomRow> {
    rooms::table.filter(rooms::share_code.eq(code)).select(columns::<RoomRow>())
}

/// The rooms with these share codes, each paired with its code.
pub(crate) fn rooms_by_codes(codes: Vec<String>) -> impl Fetch<'static, (String, RoomRow)> {
    rooms::table
        .filter(rooms::share_code.eq_any(codes))
        .select((rooms::share_code, columns::<RoomRow>()))
}

/// The owner of the room with this id.
pub(crate) fn owner(id: RoomId) -> impl Fetch<'static, AccountId> {
    rooms::table.find(id).select(rooms::counselor_id)
}

/// The owners of the rooms with these ids, each paired with the room.
pub(crate) fn owners(ids: Vec<RoomId>) -> impl Fetch<'static, (RoomId, AccountId)> {
    rooms::table.filter(rooms::id.eq_any(ids)).select((rooms::id, rooms::counselor_id))
}

/// At most `limit` rooms of an owner after this place, newest first; only open ones unless `with_closed`.
pub(crate) fn rooms_of_after(
    owner: AccountId,
    with_closed: bool,
    place: (At, RoomId),
    limit: i64,
) -> impl Fetch<'static, RoomRow> {
    room_list!(owner, with_closed, place, limit).select(columns::<RoomRow>())
}

/// The ids of the same rooms.
pub(crate) fn ids_of_after(
    owner: AccountId,
    with_closed: bool,
    place: (At, RoomId),
    limit: i64,
) -> impl Fetch<'static, RoomId> {
    room_list!(owner, with_closed, place, limit).select(rooms::id)
}

/// The place of a room in the list of its owner.
pub(crate) fn place_of_room(owner: AccountId, id: RoomId) -> impl Fetch<'static, (At, RoomId)> {
    rooms::table
        .find(id)
        .filter(rooms::counselor_id.eq(owner))
        .select((rooms::created_at, rooms::id))
}

/// The number of rooms of each of these owners that has any.
pub(crate) fn count_rooms(owners: Vec<AccountId>) -> impl Fetch<'static, (AccountId, i64)> {
    rooms::table
        .filter(rooms::counselor_id.eq_any(owners))
        .group_by(rooms::counselor_id)
        .select((rooms::counselor_id, count_star()))
}

/// At most `limit` rooms after this id, by id: whether each is open, when it was opened, and when it
/// expires.
pub(crate) fn ends_after(
    id: RoomId,
    limit: i64,
) -> impl Fetch<'static, (RoomId, bool, At, Option<At>)> {
    rooms::table.filter(rooms::id.gt(id)).order(rooms::id).limit(limit).select((
        rooms::id,
        rooms::is_active,
        rooms::created_at,
        rooms::expires_at,
    ))
}

/// The ids of the states of these rooms, whose rows it locks by id. A save of one of them then waits until
/// the transaction ends.
pub(crate) fn lock_states(rooms: Vec<RoomId>) -> impl Fetch<'static, GameplayStateId> {
    ForUpdate(
        gameplay_states::table
            .filter(gameplay_states::room_id.eq_any(rooms))
            .order(gameplay_states::id)
            .select(gameplay_states::id),
    )
}

/// Locks the notes of these rooms by room. A change of one of them then waits until the transaction ends.
pub(crate) fn lock_notes(rooms: Vec<RoomId>) -> impl Execute {
    ForUpdate(
        counselor_notes::table
            .filter(counselor_notes::room_id.eq_any(rooms))
            .order(counselor_notes::room_id)
            .select(counselor_notes::room_id),
    )
}

/// Locks the rows of these rooms by id. A save of a new state, and a join, then wait until the transaction
/// ends.
pub(crate) fn lock_rooms_by_id(ids: Vec<RoomId>) -> impl Execute {
    ForUpdate(rooms::table.filter(rooms::id.eq_any(ids)).order(rooms::id).select(rooms::id))
}

/// Deletes those of these rooms that are closed, or expired before `since`, and in which no visitor was
/// seen, no game was saved and no note was written since then.
pub(crate) fn delete_idle(ids: Vec<RoomId>, since: DateTime<Utc>) -> impl Execute {
    let since = At::from(since);
    let has_expired = rooms::expires_at.lt(Some(since)).assume_not_null();
    let visits = visitors::table
        .filter(visitors::room_id.eq(rooms::id))
        .filter(visitors::last_seen.ge(since));
    let saves = gameplay_states::table
        .filter(gameplay_states::room_id.eq(rooms::id))
        .filter(gameplay_states::last_played_at.ge(since));
    let notes = counselor_notes::table
        .filter(counselor_notes::room_id.eq(rooms::id))
        .filter(counselor_notes::updated_at.ge(since));
    let idle = rooms::table
        .filter(rooms::id.eq_any(ids))
        .filter(rooms::created_at.lt(since))
        .filter(rooms::is_active.eq(false).or(has_expired))
        .filter(not(exists(visits)))
        .filter(not(exists(saves)))
        .filter(not(exists(notes)));
    diesel::delete(idle)
}

/// Changes the name and description of a room.
pub(crate) fn describe<'a>(
    id: RoomId,
    name: &'a str,
    description: Option<&'a str>,
) -> impl Fetch<'a, RoomRow> {
    diesel::update(rooms::table.find(id))
        .set((rooms::name.eq(name), rooms::description.eq(description)))
        .returning(columns::<RoomRow>())
}

/// Closes a room. Closing it again changes nothing.
pub(crate) fn close(id: RoomId) -> impl Fetch<'static, RoomRow> {
    diesel::update(rooms::table.find(id))
        .set(rooms::is_active.eq(false))
        .returning(columns::<RoomRow>())
}

/// Opens a closed room again.
pub(crate) fn restore(id: RoomId) -> impl Fetch<'static, RoomRow> {
    diesel::update(rooms::table.find(id).filter(rooms::is_active.eq(false)))
        .set(rooms::is_active.eq(true))
        .returning(columns::<RoomRow>())
}

/// The number of rooms that can be joined at `now`.
pub(crate) fn count_open(now: DateTime<Utc>) -> impl Fetch<'static, i64> {
    let unexpired = rooms::expires_at.is_null().or(rooms::expires_at.gt(Some(At::from(now))));
    rooms::table.filter(rooms::is_active.eq(true)).filter(unexpired.assume_not_null()).count()
}
