//! The statements of a whole group, on PostgreSQL: each is prepared once, for any number of rows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use database::At;
use database::schema::{rooms, visitors};
use database::sql_types::{Guid, Moment};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AsQuery, AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, Bool, Integer, Nullable, Text};
use ids::{AccountId, GameRuleId, RoomId, VisitorId};

use super::RoomRow;
use crate::visitor::Visitor;

type Room = <rooms::table as AsQuery>::SqlType;
type VisitorColumns = <visitors::table as AsQuery>::SqlType;

/// Keeps new rooms, each unless its share code is taken.
pub(crate) fn open_many(rooms: &[RoomRow]) -> OpenMany<'_> {
    let mut many = OpenMany::default();
    for room in rooms {
        many.id.push(room.id);
        many.name.push(&room.name);
        many.description.push(room.description.as_deref());
        many.game_rule_id.push(room.game_rule_id);
        many.counselor_id.push(room.counselor_id);
        many.share_code.push(&room.share_code);
        many.is_active.push(room.is_active);
        many.created_at.push(room.created_at);
        many.expires_at.push(room.expires_at);
        many.session_count.push(room.session_count);
    }
    many
}

/// See [`open_many`].
#[derive(Default)]
pub(crate) struct OpenMany<'a> {
    id: Vec<RoomId>,
    name: Vec<&'a str>,
    description: Vec<Option<&'a str>>,
    game_rule_id: Vec<Option<GameRuleId>>,
    counselor_id: Vec<AccountId>,
    share_code: Vec<&'a str>,
    is_active: Vec<bool>,
    created_at: Vec<At>,
    expires_at: Vec<Option<At>>,
    session_count: Vec<i32>,
}

impl QueryId for OpenMany<'_> {
    type QueryId = OpenMany<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for OpenMany<'_> {
    type SqlType = Room;
}

impl QueryFragment<Pg> for OpenMany<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO rooms (id, name, description, game_rule_id, counselor_id, share_code, \
             is_active, created_at, expires_at, session_count) SELECT * FROM unnest(",
        );
        out.push_bind_param::<Array<Guid>, _>(&self.id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.name)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.description)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Guid>>, _>(&self.game_rule_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Guid>, _>(&self.counselor_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.share_code)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Bool>, _>(&self.is_active)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Moment>, _>(&self.created_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Moment>>, _>(&self.expires_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.session_count)?;
        out.push_sql(
            ") ON CONFLICT (share_code) DO NOTHING RETURNING id, name, description, game_rule_id, \
             counselor_id, share_code, is_active, created_at, expires_at, session_count",
        );
        Ok(())
    }
}

/// Reads the rooms with these codes and holds them as they are until the transaction ends.
pub(crate) fn hold_rooms<'a>(codes: &'a [&'a str]) -> HoldRooms<'a> {
    HoldRooms(codes)
}

/// See [`hold_rooms`].
pub(crate) struct HoldRooms<'a>(&'a [&'a str]);

impl QueryId for HoldRooms<'_> {
    type QueryId = HoldRooms<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for HoldRooms<'_> {
    type SqlType = Room;
}

impl QueryFragment<Pg> for HoldRooms<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT id, name, description, game_rule_id, counselor_id, share_code, is_active, \
             created_at, expires_at, session_count FROM rooms WHERE share_code = ANY(",
        );
        out.push_bind_param::<Array<Text>, _>(self.0)?;
        out.push_sql(") ORDER BY id FOR SHARE");
        Ok(())
    }
}

/// Seats visitors, or wakes those who left; each session of a room may be there once.
pub(crate) fn seat_many(visitors: &[Visitor]) -> SeatMany<'_> {
    let mut seats = SeatMany::default();
    for visitor in visitors {
        seats.id.push(visitor.id);
        seats.name.push(&visitor.name);
        seats.room_id.push(visitor.room_id);
        seats.session_id.push(&visitor.session_id);
        seats.joined_at.push(visitor.joined_at.into());
    }
    seats
}

/// See [`seat_many`].
#[derive(Default)]
pub(crate) struct SeatMany<'a> {
    id: Vec<VisitorId>,
    name: Vec<&'a str>,
    room_id: Vec<RoomId>,
    session_id: Vec<&'a str>,
    joined_at: Vec<At>,
}

impl QueryId for SeatMany<'_> {
    type QueryId = SeatMany<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for SeatMany<'_> {
    type SqlType = VisitorColumns;
}

impl QueryFragment<Pg> for SeatMany<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO visitors (id, name, room_id, session_id, is_active, joined_at, last_seen) \
             SELECT id, name, room_id, session_id, true, joined_at, joined_at FROM unnest(",
        );
        out.push_bind_param::<Array<Guid>, _>(&self.id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.name)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Guid>, _>(&self.room_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.session_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Moment>, _>(&self.joined_at)?;
        out.push_sql(
            ") AS v (id, name, room_id, session_id, joined_at) \
             ON CONFLICT (room_id, session_id) DO UPDATE SET name = excluded.name, \
             is_active = true, last_seen = excluded.last_seen \
             RETURNING id, name, room_id, session_id, is_active, joined_at, last_seen",
        );
        Ok(())
    }
}

/// Notes signs of life of visitors who have not left; their rows are locked in the order of ids.
pub(crate) fn heartbeat_many(seen: BTreeMap<VisitorId, DateTime<Utc>>) -> HeartbeatMany {
    let (id, seen_at) = seen.into_iter().map(|(id, at)| (id, At::from(at))).unzip();
    HeartbeatMany { id, seen_at }
}

/// See [`heartbeat_many`].
#[derive(QueryId)]
pub(crate) struct HeartbeatMany {
    id: Vec<VisitorId>,
    seen_at: Vec<At>,
}

impl Query for HeartbeatMany {
    type SqlType = VisitorColumns;
}

impl QueryFragment<Pg> for HeartbeatMany {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "WITH seen AS MATERIALIZED (SELECT v.id, s.seen_at FROM visitors v JOIN unnest(",
        );
        out.push_bind_param::<Array<Guid>, _>(&self.id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Moment>, _>(&self.seen_at)?;
        out.push_sql(
            ") AS s (id, seen_at) USING (id) WHERE v.is_active ORDER BY v.id FOR UPDATE OF v) \
             UPDATE visitors v SET last_seen = greatest(v.last_seen, s.seen_at) \
             FROM seen s WHERE v.id = s.id \
             RETURNING v.id, v.name, v.room_id, v.session_id, v.is_active, v.joined_at, v.last_seen",
        );
        Ok(())
    }
}
