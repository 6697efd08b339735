//! Every query on rooms, visitors and game rules.

mod many;

use chrono::{DateTime, Utc};
use database::schema::{game_rule_templates, rooms, visitors};
use database::{At, Cached, Fetch};
use diesel::prelude::*;
use diesel::upsert::excluded;
use documents::Json;
use ids::{AccountId, GameRuleId, RoomId, VisitorId};

use crate::game_rule::GameRule;
use crate::room::Room;
use crate::share_code::ShareCode;
use crate::visitor::Visitor;

pub(crate) use many::{heartbeat_many, hold_rooms, open_many, seat_many};

/// A row of `rooms`.
#[derive(Clone, Insertable, Queryable)]
#[diesel(table_name = rooms)]
pub(crate) struct RoomRow {
    pub(crate) id: RoomId,
    name: String,
    description: Option<String>,
    game_rule_id: Option<GameRuleId>,
    counselor_id: AccountId,
    share_code: String,
    is_active: bool,
    created_at: At,
    expires_at: Option<At>,
    session_count: i32,
}

impl From<RoomRow> for Room {
    fn from(row: RoomRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            description: row.description,
            game_rule_id: row.game_rule_id,
            counselor_id: row.counselor_id,
            share_code: ShareCode::from_column(row.share_code),
            is_active: row.is_active,
            created_at: row.created_at.utc(),
            expires_at: row.expires_at.map(At::utc),
            session_count: row.session_count,
        }
    }
}

impl From<&Room> for RoomRow {
    fn from(room: &Room) -> Self {
        Self {
            id: room.id,
            name: room.name.clone(),
            description: room.description.clone(),
            game_rule_id: room.game_rule_id,
            counselor_id: room.counselor_id,
            share_code: room.share_code.to_string(),
            is_active: room.is_active,
            created_at: room.created_at.into(),
            expires_at: room.expires_at.map(At::from),
            session_count: room.session_count,
        }
    }
}

/// A row of `visitors`.
#[derive(Clone, Insertable, Queryable)]
#[diesel(table_name = visitors)]
pub(crate) struct VisitorRow {
    id: VisitorId,
    name: String,
    room_id: RoomId,
    session_id: String,
    pub(crate) is_active: bool,
    joined_at: At,
    last_seen: At,
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

/// A row of `game_rule_templates`.
#[derive(Queryable)]
pub(crate) struct GameRuleRow {
    id: GameRuleId,
    name: String,
    slug: String,
    description: Option<String>,
    version: String,
    layout_config: Json,
    constraint_config: Json,
    is_active: bool,
    _created_at: At,
    _updated_at: At,
}

impl From<GameRuleRow> for GameRule {
    fn from(row: GameRuleRow) -> Self {
        Self {
            id: row.id,
            slug: row.slug,
            name: row.name,
            description: row.description,
            version: row.version,
            layout_config: row.layout_config,
            constraint_config: row.constraint_config,
            is_active: row.is_active,
        }
    }
}

/// Keeps a new room unless its share code is taken.
pub(crate) fn open(room: &RoomRow) -> impl Fetch<'_, RoomRow> {
    diesel::insert_into(rooms::table)
        .values(room)
        .on_conflict(rooms::share_code)
        .do_nothing()
        .returning(rooms::all_columns)
}

/// The room with this id.
pub(crate) fn room(id: RoomId) -> impl Fetch<'static, RoomRow> {
    rooms::table.find(id)
}

/// The rooms with these ids.
pub(crate) fn rooms(ids: Vec<RoomId>) -> impl Fetch<'static, RoomRow> {
    rooms::table.filter(rooms::id.eq_any(ids))
}

/// The rooms with these ids, each after its id.
pub(crate) fn rooms_by_ids(ids: Vec<RoomId>) -> impl Fetch<'static, (RoomId, RoomRow)> {
    rooms::table.filter(rooms::id.eq_any(ids)).select((rooms::id, rooms::all_columns))
}

/// The room with this share code.
pub(crate) fn room_by_code(code: String) -> impl Fetch<'static, RoomRow> {
    rooms::table.filter(rooms::share_code.eq(code))
}

/// The rooms with these share codes, each after its code.
pub(crate) fn rooms_by_codes(codes: Vec<String>) -> impl Fetch<'static, (String, RoomRow)> {
    rooms::table
        .filter(rooms::share_code.eq_any(codes))
        .select((rooms::share_code, rooms::all_columns))
}

/// Who opened the room with this id.
pub(crate) fn owner(id: RoomId) -> impl Fetch<'static, AccountId> {
    rooms::table.find(id).select(rooms::counselor_id)
}

/// Who opened the rooms with these ids, each after its room.
pub(crate) fn owners(ids: Vec<RoomId>) -> impl Fetch<'static, (RoomId, AccountId)> {
    rooms::table.filter(rooms::id.eq_any(ids)).select((rooms::id, rooms::counselor_id))
}

/// The rooms that somebody opened, newest first.
pub(crate) fn rooms_of(owner: AccountId) -> impl Fetch<'static, RoomRow> {
    rooms::table.filter(rooms::counselor_id.eq(owner)).order((rooms::created_at.desc(), rooms::id))
}

/// The open rooms that somebody opened, newest first.
pub(crate) fn open_rooms_of(owner: AccountId) -> impl Fetch<'static, RoomRow> {
    rooms::table
        .filter(rooms::counselor_id.eq(owner))
        .filter(rooms::is_active.eq(true))
        .order((rooms::created_at.desc(), rooms::id))
}

/// Gives a room another name and description.
pub(crate) fn describe<'a>(
    id: RoomId,
    name: &'a str,
    description: Option<&'a str>,
) -> impl Fetch<'a, RoomRow> {
    diesel::update(rooms::table.find(id))
        .set((rooms::name.eq(name), rooms::description.eq(description)))
        .returning(rooms::all_columns)
}

/// Closes a room. Closing it again changes nothing.
pub(crate) fn close(id: RoomId) -> impl Fetch<'static, RoomRow> {
    diesel::update(rooms::table.find(id))
        .set(rooms::is_active.eq(false))
        .returning(rooms::all_columns)
}

/// Opens a room again, if it is closed.
pub(crate) fn restore(id: RoomId) -> impl Fetch<'static, RoomRow> {
    diesel::update(rooms::table.find(id).filter(rooms::is_active.eq(false)))
        .set(rooms::is_active.eq(true))
        .returning(rooms::all_columns)
}

/// Seats a visitor, or wakes the one who left: joining twice is joining once.
pub(crate) fn seat(visitor: &VisitorRow) -> impl Fetch<'_, VisitorRow> {
    let seated = diesel::insert_into(visitors::table)
        .values(visitor)
        .on_conflict((visitors::room_id, visitors::session_id))
        .do_update()
        .set((
            visitors::name.eq(excluded(visitors::name)),
            visitors::is_active.eq(true),
            visitors::last_seen.eq(excluded(visitors::last_seen)),
        ));
    Cached(seated.returning(visitors::all_columns))
}

/// The visitor with this id.
pub(crate) fn visitor(id: VisitorId) -> impl Fetch<'static, VisitorRow> {
    visitors::table.find(id)
}

/// The visitor with this id, and the room.
pub(crate) fn visit(id: VisitorId) -> impl Fetch<'static, (VisitorRow, RoomRow)> {
    visitors::table.find(id).inner_join(rooms::table)
}

/// The visitors with these ids, each after its id and with the room.
pub(crate) fn visits(
    ids: Vec<VisitorId>,
) -> impl Fetch<'static, (VisitorId, (VisitorRow, RoomRow))> {
    visitors::table
        .inner_join(rooms::table)
        .filter(visitors::id.eq_any(ids))
        .select((visitors::id, (visitors::all_columns, rooms::all_columns)))
}

/// The visitors who are in a room, in the order they came.
pub(crate) fn present(room: RoomId) -> impl Fetch<'static, VisitorRow> {
    visitors::table
        .filter(visitors::room_id.eq(room))
        .filter(visitors::is_active.eq(true))
        .order((visitors::joined_at, visitors::id))
}

/// Notes a sign of life of a visitor who has not left.
pub(crate) fn heartbeat(id: VisitorId, now: DateTime<Utc>) -> impl Fetch<'static, VisitorRow> {
    let seen = diesel::update(visitors::table.find(id).filter(visitors::is_active.eq(true)))
        .set(visitors::last_seen.eq(At::from(now)));
    Cached(seen.returning(visitors::all_columns))
}

/// Sees a visitor off.
pub(crate) fn leave(id: VisitorId) -> impl Fetch<'static, VisitorRow> {
    diesel::update(visitors::table.find(id))
        .set(visitors::is_active.eq(false))
        .returning(visitors::all_columns)
}

/// How many visitors a room has had, and when one of them was last seen.
pub(crate) fn visit_statistics(room: RoomId) -> impl Fetch<'static, (i64, Option<At>)> {
    visitors::table
        .filter(visitors::room_id.eq(room))
        .select((diesel::dsl::count_star(), database::latest(visitors::last_seen)))
}

/// How many rooms can be joined at `now`.
pub(crate) fn count_open(now: DateTime<Utc>) -> impl Fetch<'static, i64> {
    let lasts = rooms::expires_at.is_null().or(rooms::expires_at.gt(Some(At::from(now))));
    rooms::table.filter(rooms::is_active.eq(true)).filter(lasts.assume_not_null()).count()
}

/// How many visitors have come and not left, and were seen after `since`.
pub(crate) fn count_present(since: DateTime<Utc>) -> impl Fetch<'static, i64> {
    visitors::table
        .filter(visitors::is_active.eq(true))
        .filter(visitors::last_seen.gt(At::from(since)))
        .count()
}

/// The rules that rooms may be opened with, in their fixed order.
pub(crate) fn game_rules() -> impl Fetch<'static, GameRuleRow> {
    game_rule_templates::table
        .filter(game_rule_templates::is_active.eq(true))
        .order(game_rule_templates::id)
}

/// The rule with this id.
pub(crate) fn game_rule(id: GameRuleId) -> impl Fetch<'static, GameRuleRow> {
    game_rule_templates::table.find(id)
}

/// The rules with these slugs that rooms may be opened with.
pub(crate) fn open_rules(slugs: Vec<String>) -> impl Fetch<'static, (String, GameRuleId)> {
    game_rule_templates::table
        .filter(game_rule_templates::is_active.eq(true))
        .filter(game_rule_templates::slug.eq_any(slugs))
        .select((game_rule_templates::slug, game_rule_templates::id))
}

/// The rule with this slug.
pub(crate) fn game_rule_by_slug(slug: &str) -> impl Fetch<'_, GameRuleRow> {
    game_rule_templates::table.filter(game_rule_templates::slug.eq(slug))
}
