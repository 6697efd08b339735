//! Queries on visitors.

mod group;

use chrono::{DateTime, Utc};
use database::schema::{rooms, visitors};
use database::sql_types::Moment;
use database::{At, Cached, Execute, Fetch, ForUpdate, columns};
use diesel::dsl::{case_when, count_star};
use diesel::prelude::*;
use diesel::upsert::excluded;
use ids::{RoomId, VisitorId};

use super::rooms::RoomRow;
use crate::visitor::Visitor;

pub(crate) use group::{heartbeats, insert_visitors, lock_evictable, rejoin_visitors};

/// A row of `visitors`.
#[derive(Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = visitors)]
pub(crate) struct VisitorRow {
    pub(crate) id: VisitorId,
    name: String,
    pub(crate) room_id: RoomId,
    session_id: String,
    pub(crate) is_active: bool,
    joined_at: At,
    last_seen: At,
}

impl VisitorRow {
    /// The unique key: a session joins a room once.
    pub(crate) fn key(&self) -> (RoomId, &str) {
        (self.room_id, &self.session_id)
    }
}

impl From<VisitorRow> for Visitor {
    fn from(row: VisitorRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            room_id: row.room_id,
            session_id: row.session_id,
            is_active: row.is_active,
            joined_at: row.joined_at.utc(),
            last_seen: row.last_seen.utc(),
        }
    }
}

impl From<&Visitor> for VisitorRow {
    fn from(visitor: &Visitor) -> Self {
        Self {
            id: visitor.id,
            name: visitor.name.clone(),
            room_id: visitor.room_id,
            session_id: visitor.session_id.clone(),
            is_active: visitor.is_active,
            joined_at: visitor.joined_at.into(),
            last_seen: visitor.last_seen.into(),
        }
    }
}

/// A page of the list of a room's visitors, before its columns are selected: the type of the query has no
/// name.
macro_rules! visitor_list {
    ($room:expr, $place:expr, $limit:expr) => {{
        let (joined_at, id) = $place;
        let is_later = visitors::joined_at
            .gt(joined_at)
            .or(visitors::joined_at.eq(joined_at).and(visitors::id.gt(id)));
        visitors::table
            .filter(visitors::room_id.eq($room))
            .filter(visitors::is_active.eq(true))
            .filter(visitors::joined_at.ge(joined_at))
            .filter(is_later)
            .order((visitors::joined_at, visitors::id))
            .limit($limit)
    }};
}

/// Inserts a visitor, or brings back the one with the same session. `last_seen` never goes backwards.
pub(crate) fn upsert_visitor(visitor: &VisitorRow) -> impl Fetch<'_, VisitorRow> {
    let is_later = visitors::last_seen.lt(excluded(visitors::last_seen));
    let last_seen =
        case_when(is_later, excluded(visitors::last_seen)).otherwise(visitors::last_seen);
    let upserted = diesel::insert_into(visitors::table)
        .values(visitor)
        .on_conflict((visitors::room_id, visitors::session_id))
        .do_update()
        .set((
            visitors::name.eq(excluded(visitors::name)),
            visitors::is_active.eq(true),
            visitors::last_seen.eq(last_seen),
        ));
    Cached(upserted.returning(columns::<VisitorRow>()))
}

/// The visitor with this id.
pub(crate) fn visitor(id: VisitorId) -> impl Fetch<'static, VisitorRow> {
    visitors::table.find(id).select(columns::<VisitorRow>())
}

/// The visitor with this id, and its room.
pub(crate) fn visit(id: VisitorId) -> impl Fetch<'static, (VisitorRow, RoomRow)> {
    visitors::table
        .find(id)
        .inner_join(rooms::table)
        .select((columns::<VisitorRow>(), columns::<RoomRow>()))
}

/// The visitors with these ids and their rooms, each paired with the id.
pub(crate) fn visits(
    ids: Vec<VisitorId>,
) -> impl Fetch<'static, (VisitorId, (VisitorRow, RoomRow))> {
    visitors::table
        .inner_join(rooms::table)
        .filter(visitors::id.eq_any(ids))
        .select((visitors::id, (columns::<VisitorRow>(), columns::<RoomRow>())))
}

/// The visitors who are in a room, by the time they joined.
pub(crate) fn present(room: RoomId) -> impl Fetch<'static, VisitorRow> {
    visitors::table
        .filter(visitors::room_id.eq(room))
        .filter(visitors::is_active.eq(true))
        .order((visitors::joined_at, visitors::id))
        .select(columns::<VisitorRow>())
}

/// At most `limit` visitors who are in a room after this place, by the time they joined.
pub(crate) fn present_after(
    room: RoomId,
    place: (At, VisitorId),
    limit: i64,
) -> impl Fetch<'static, VisitorRow> {
    visitor_list!(room, place, limit).select(columns::<VisitorRow>())
}

/// The ids of the same visitors.
pub(crate) fn ids_present_after(
    room: RoomId,
    place: (At, VisitorId),
    limit: i64,
) -> impl Fetch<'static, VisitorId> {
    visitor_list!(room, place, limit).select(visitors::id)
}

/// The place of a visitor in the list of its room, whether or not the visitor has left.
pub(crate) fn place_of_visitor(
    room: RoomId,
    id: VisitorId,
) -> impl Fetch<'static, (At, VisitorId)> {
    visitors::table
        .find(id)
        .filter(visitors::room_id.eq(room))
        .select((visitors::joined_at, visitors::id))
}

/// The number of visitors of each of these rooms that has any.
pub(crate) fn count_visitors(rooms: Vec<RoomId>) -> impl Fetch<'static, (RoomId, i64)> {
    visitors::table
        .filter(visitors::room_id.eq_any(rooms))
        .group_by(visitors::room_id)
        .select((visitors::room_id, count_star()))
}

/// At most `limit` visitors of a room who left or were not seen since `unseen_since`, those unseen for the
/// longest first.
pub(crate) fn evictable(
    room: RoomId,
    unseen_since: DateTime<Utc>,
    limit: i64,
) -> impl Fetch<'static, VisitorId> {
    visitors::table
        .filter(visitors::room_id.eq(room))
        .filter(visitors::is_active.eq(false).or(visitors::last_seen.lt(At::from(unseen_since))))
        .order(visitors::last_seen)
        .limit(limit)
        .select(visitors::id)
}

/// Deletes visitors; gives the ids of those that existed.
pub(crate) fn delete_visitors(ids: Vec<VisitorId>) -> impl Fetch<'static, VisitorId> {
    diesel::delete(visitors::table.filter(visitors::id.eq_any(ids))).returning(visitors::id)
}

/// At most `limit` visitors after this id, by id, and when each was last seen. There is no index on
/// `last_seen`, since every heartbeat would have to write to it.
pub(crate) fn last_seen_after(id: VisitorId, limit: i64) -> impl Fetch<'static, (VisitorId, At)> {
    visitors::table
        .filter(visitors::id.gt(id))
        .order(visitors::id)
        .limit(limit)
        .select((visitors::id, visitors::last_seen))
}

/// The ids of those of these visitors that were not seen since `unseen_since`, whose rows it locks by id.
pub(crate) fn lock_unseen(
    ids: Vec<VisitorId>,
    unseen_since: DateTime<Utc>,
) -> impl Fetch<'static, VisitorId> {
    ForUpdate(
        visitors::table
            .filter(visitors::id.eq_any(ids))
            .filter(visitors::last_seen.lt(At::from(unseen_since)))
            .order(visitors::id)
            .select(visitors::id),
    )
}

/// Deletes these visitors, whose rows are locked.
pub(crate) fn delete_locked(ids: Vec<VisitorId>) -> impl Execute {
    diesel::delete(visitors::table.filter(visitors::id.eq_any(ids)))
}

/// Records a heartbeat of a visitor who has not left. `last_seen` never goes backwards.
pub(crate) fn heartbeat(id: VisitorId, now: DateTime<Utc>) -> impl Fetch<'static, VisitorRow> {
    let now = At::from(now);
    let last_seen = case_when(visitors::last_seen.lt(now), now.into_sql::<Moment>())
        .otherwise(visitors::last_seen);
    let seen = diesel::update(visitors::table.find(id).filter(visitors::is_active.eq(true)))
        .set(visitors::last_seen.eq(last_seen));
    Cached(seen.returning(columns::<VisitorRow>()))
}

/// Marks a visitor as gone.
pub(crate) fn leave(id: VisitorId) -> impl Fetch<'static, VisitorRow> {
    diesel::update(visitors::table.find(id))
        .set(visitors::is_active.eq(false))
        .returning(columns::<VisitorRow>())
}

/// The number of visitors that a room has had, and the latest of their heartbeats.
pub(crate) fn visit_statistics(room: RoomId) -> impl Fetch<'static, (i64, Option<At>)> {
    visitors::table
        .filter(visitors::room_id.eq(room))
        .select((count_star(), database::latest(visitors::last_seen)))
}

/// The number of visitors who have not left and were seen after `since`.
pub(crate) fn count_present(since: DateTime<Utc>) -> impl Fetch<'static, i64> {
    visitors::table
        .filter(visitors::is_active.eq(true))
        .filter(visitors::last_seen.gt(At::from(since)))
        .count()
}
