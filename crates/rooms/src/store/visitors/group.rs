//! Statements for a whole group, on PostgreSQL. Each is prepared once, for any number of rows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use database::schema::visitors;
use database::sql_types::Moment;
use database::{At, Unnest, columns, prepared_once};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AsQuery, AstPass, Query, QueryFragment, QueryId};
use diesel_async::AsyncPgConnection;
use diesel_async::methods::LoadQuery;
use ids::{RoomId, VisitorId};

use super::VisitorRow;

type Columns = <VisitorRow as Selectable<Pg>>::SelectExpression;
type ColumnTypes = <visitors::table as AsQuery>::SqlType;

/// Inserts visitors, except those whose room has their session; of these no row is locked. They must
/// come by room and session, each once.
pub(crate) fn insert_visitors(rows: &[VisitorRow]) -> InsertVisitors<'_> {
    let values = Unnest::of(rows)
        .column(visitors::id, |row| row.id)
        .column(visitors::name, |row| row.name.as_str())
        .column(visitors::room_id, |row| row.room_id)
        .column(visitors::session_id, |row| row.session_id.as_str())
        .column(visitors::is_active, |row| row.is_active)
        .column(visitors::joined_at, |row| row.joined_at)
        .column(visitors::last_seen, |row| row.last_seen);
    InsertVisitors { values, returning: columns::<VisitorRow>() }
}

/// See [`insert_visitors`].
pub(crate) struct InsertVisitors<'a> {
    values: Unnest<'a, &'a VisitorRow>,
    returning: Columns,
}

prepared_once!(InsertVisitors<'_>, ColumnTypes);

impl QueryFragment<Pg> for InsertVisitors<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.values.push_insert(&visitors::table, &mut out)?;
        out.push_sql(" ON CONFLICT (room_id, session_id) DO NOTHING RETURNING ");
        self.returning.walk_ast(out)
    }
}

/// Brings visitors back by room and session, locking their rows by id. `last_seen` never goes backwards.
pub(crate) fn rejoin_visitors<'a>(
    rows: impl IntoIterator<Item = &'a VisitorRow>,
) -> RejoinVisitors<'a> {
    let values = Unnest::of(rows)
        .column(visitors::room_id, |row| row.room_id)
        .column(visitors::session_id, |row| row.session_id.as_str())
        .column(visitors::name, |row| row.name.as_str())
        .column(visitors::last_seen, |row| row.last_seen);
    RejoinVisitors { values, returning: columns::<VisitorRow>() }
}

/// See [`rejoin_visitors`].
pub(crate) struct RejoinVisitors<'a> {
    values: Unnest<'a, &'a VisitorRow>,
    returning: Columns,
}

prepared_once!(RejoinVisitors<'_>, ColumnTypes);

impl QueryFragment<Pg> for RejoinVisitors<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "WITH locked AS MATERIALIZED (SELECT visitors.id, new.name, new.last_seen FROM visitors \
             JOIN ",
        );
        self.values.push_as("new", &mut out)?;
        out.push_sql(
            " USING (room_id, session_id) ORDER BY visitors.id FOR NO KEY UPDATE OF visitors) \
             UPDATE visitors SET name = locked.name, is_active = true, \
             last_seen = greatest(visitors.last_seen, locked.last_seen) \
             FROM locked WHERE visitors.id = locked.id RETURNING ",
        );
        self.returning.walk_ast(out)
    }
}

/// Records heartbeats of visitors who have not left, locking their rows by id. `last_seen` never goes
/// backwards.
pub(crate) fn heartbeats(seen: BTreeMap<VisitorId, DateTime<Utc>>) -> Heartbeats {
    let seen = seen.into_iter().map(|(id, at)| (id, At::from(at)));
    let values = Unnest::of(seen)
        .column(visitors::id, |(id, _)| id)
        .named::<Moment, _>("seen_at", |(_, at)| at);
    Heartbeats { values, returning: columns::<VisitorRow>() }
}

/// See [`heartbeats`].
pub(crate) struct Heartbeats {
    values: Unnest<'static, (VisitorId, At)>,
    returning: Columns,
}

impl QueryId for Heartbeats {
    type QueryId = Self;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Heartbeats {
    type SqlType = ColumnTypes;
}

impl QueryFragment<Pg> for Heartbeats {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "WITH locked AS MATERIALIZED (SELECT visitors.id, new.seen_at FROM visitors JOIN ",
        );
        self.values.push_as("new", &mut out)?;
        out.push_sql(
            " USING (id) WHERE visitors.is_active \
             ORDER BY visitors.id FOR NO KEY UPDATE OF visitors) \
             UPDATE visitors SET last_seen = greatest(visitors.last_seen, locked.seen_at) \
             FROM locked WHERE visitors.id = locked.id RETURNING ",
        );
        self.returning.walk_ast(out)
    }
}

/// The same visitors as [`evictable`](super::evictable), whose rows it locks. It skips rows that are locked,
/// so that it never waits.
pub(crate) fn lock_evictable(
    room: RoomId,
    unseen_since: DateTime<Utc>,
    limit: i64,
) -> impl LoadQuery<'static, AsyncPgConnection, VisitorId> + Send {
    visitors::table
        .filter(visitors::room_id.eq(room))
        .filter(visitors::is_active.eq(false).or(visitors::last_seen.lt(At::from(unseen_since))))
        .order(visitors::last_seen)
        .limit(limit)
        .select(visitors::id)
        .for_update()
        .skip_locked()
}
