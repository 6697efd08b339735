//! Queries that delete rows of whole tables, in pages by primary key.

use database::schema::{
    deleted_gameplay_states, gameplay_segments, gameplay_states, rooms, visitors,
};
use database::{Execute, Fetch, ForUpdate};
use diesel::prelude::*;
use ids::{GameplayStateId, RoomId, VisitorId};

/// The ids of at most `limit` rooms after this one.
pub(crate) fn room_ids_after(id: RoomId, limit: i64) -> impl Fetch<'static, RoomId> {
    rooms::table.filter(rooms::id.gt(id)).order(rooms::id).limit(limit).select(rooms::id)
}

/// Deletes these rooms; visitors, states and deleted states go with them.
pub(crate) fn delete_rooms(ids: Vec<RoomId>) -> impl Execute {
    diesel::delete(rooms::table.filter(rooms::id.eq_any(ids)))
}

/// Locks at most `limit` visitors after this one.
pub(crate) fn lock_visitors_after(id: VisitorId, limit: i64) -> impl Fetch<'static, VisitorId> {
    let page = visitors::table.filter(visitors::id.gt(id)).order(visitors::id);
    ForUpdate(page.limit(limit).select(visitors::id))
}

/// Locks at most `limit` states after this one.
pub(crate) fn lock_states_after(
    id: GameplayStateId,
    limit: i64,
) -> impl Fetch<'static, GameplayStateId> {
    let page = gameplay_states::table.filter(gameplay_states::id.gt(id));
    ForUpdate(page.order(gameplay_states::id).limit(limit).select(gameplay_states::id))
}

/// Deletes these states, whose rows are locked.
pub(crate) fn delete_states(ids: Vec<GameplayStateId>) -> impl Execute {
    diesel::delete(gameplay_states::table.filter(gameplay_states::id.eq_any(ids)))
}

/// Deletes the history of these states.
pub(crate) fn delete_segments(ids: Vec<GameplayStateId>) -> impl Execute {
    diesel::delete(gameplay_segments::table.filter(gameplay_segments::state_id.eq_any(ids)))
}

/// Locks at most `limit` deleted states after this one.
pub(crate) fn lock_deleted_states_after(
    id: GameplayStateId,
    limit: i64,
) -> impl Fetch<'static, GameplayStateId> {
    let page = deleted_gameplay_states::table.filter(deleted_gameplay_states::id.gt(id));
    let page = page.order(deleted_gameplay_states::id).limit(limit);
    ForUpdate(page.select(deleted_gameplay_states::id))
}

/// Deletes these deleted states, whose rows are locked.
pub(crate) fn delete_deleted_states(ids: Vec<GameplayStateId>) -> impl Execute {
    let deleted = deleted_gameplay_states::table;
    diesel::delete(deleted.filter(deleted_gameplay_states::id.eq_any(ids)))
}
