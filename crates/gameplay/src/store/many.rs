//! The statements of a whole group, on PostgreSQL: each is prepared once, for any number of rows.

use database::At;
use database::group_commit::Link;
use database::sql_types::{Doc, Guid, Moment};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Text};
use documents::Json;
use ids::{GameplayStateId, RoomId};

use crate::journal::Journal;
use crate::plan::{Current, Key, Plan, Segment};
use crate::state::GameplayId;
use crate::version::Tag;

/// Reads the documents with these keys and locks their rows, in the order of the keys.
pub(crate) fn lock_many(keys: &[Key]) -> LockMany<'_> {
    let (rooms, games) = keys.iter().map(|(room, game)| (*room, game.as_str())).unzip();
    LockMany { rooms, games }
}

/// See [`lock_many`].
pub(crate) struct LockMany<'a> {
    rooms: Vec<RoomId>,
    games: Vec<&'a str>,
}

/// A document as it is.
#[derive(Queryable)]
pub(crate) struct CurrentRow {
    room_id: RoomId,
    gameplay_id: String,
    id: GameplayStateId,
    version: i64,
    state: Json,
    journal: String,
    created_at: At,
    last_played_at: At,
}

impl CurrentRow {
    pub(crate) fn current(self) -> (Key, Current) {
        let current = Current {
            tag: Tag { state: self.id, version: self.version },
            document: self.state,
            journal: Journal::of(&self.journal),
            created_at: self.created_at,
            saved_at: self.last_played_at,
        };
        ((self.room_id, GameplayId::from_column(&self.gameplay_id)), current)
    }
}

impl QueryId for LockMany<'_> {
    type QueryId = LockMany<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for LockMany<'_> {
    type SqlType = (Guid, Text, Guid, BigInt, Doc, Text, Moment, Moment);
}

impl QueryFragment<Pg> for LockMany<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT s.room_id, s.gameplay_id, s.id, s.version, s.state, s.journal, \
             s.created_at, s.last_played_at FROM gameplay_states s JOIN unnest(",
        );
        out.push_bind_param::<Array<Guid>, _>(&self.rooms)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.games)?;
        out.push_sql(
            ") AS k (room_id, gameplay_id) USING (room_id, gameplay_id) \
             ORDER BY s.room_id, s.gameplay_id FOR UPDATE OF s",
        );
        Ok(())
    }
}

/// Writes what plans leave, each document onto the version that it was planned for, and keeps
/// `versions_max` versions of a document that has a new segment. Nothing is written when one of them
/// is at another version.
pub(crate) fn save_many(plans: &[Plan], versions_max: i64) -> SaveMany<'_> {
    let mut statement = SaveMany::default();
    statement.segments.versions_max = versions_max;
    for plan in plans {
        statement.add(plan);
        for segment in &plan.segments {
            statement.segments.add(segment);
        }
    }
    statement
}

/// See [`save_many`].
///
/// A part that has no rows is left out, because PostgreSQL makes everything ready for it each time: of
/// all that a save alone costs there, the parts for new documents and segments were a fifth.
#[derive(Default)]
pub(crate) struct SaveMany<'a> {
    updates: Updates<'a>,
    inserts: Inserts<'a>,
    segments: Segments<'a>,
    /// Documents that are written.
    count: i64,
    link: Option<&'a Link>,
}

/// Documents that there are.
#[derive(Default)]
struct Updates<'a> {
    id: Vec<GameplayStateId>,
    base: Vec<i64>,
    version: Vec<i64>,
    state: Vec<&'a Json>,
    journal: Vec<&'a str>,
    saved_at: Vec<At>,
}

/// Documents that there are not, yet.
#[derive(Default)]
struct Inserts<'a> {
    id: Vec<GameplayStateId>,
    room_id: Vec<RoomId>,
    gameplay_id: Vec<&'a str>,
    version: Vec<i64>,
    state: Vec<&'a Json>,
    journal: Vec<&'a str>,
    saved_at: Vec<At>,
    created_at: Vec<At>,
}

/// New segments.
#[derive(Default)]
struct Segments<'a> {
    state_id: Vec<GameplayStateId>,
    last_version: Vec<i64>,
    saved_at: Vec<At>,
    document: Vec<&'a Json>,
    journal: Vec<&'a str>,
    versions_max: i64,
}

impl<'a> SaveMany<'a> {
    /// Writes nothing either when the group before it, to which it is linked, was not carried out.
    pub(crate) fn linked(self, link: &'a Link) -> Self {
        Self { link: Some(link), ..self }
    }

    fn add(&mut self, plan: &'a Plan) {
        let Some(next) = plan.written() else { return };
        if plan.base == 0 {
            self.inserts.add(&plan.key, next);
        } else {
            self.updates.add(plan.base, next);
        }
        self.count += 1;
    }
}

impl<'a> Updates<'a> {
    fn add(&mut self, base: i64, next: &'a Current) {
        self.id.push(next.tag.state);
        self.base.push(base);
        self.version.push(next.tag.version);
        self.state.push(&next.document);
        self.journal.push(next.journal.text());
        self.saved_at.push(next.saved_at);
    }

    fn walk_ast<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "updated AS (UPDATE gameplay_states s SET state = d.state, version = d.version, \
             journal = d.journal, last_played_at = d.saved_at, updated_at = d.saved_at FROM unnest(",
        );
        out.push_bind_param::<Array<Guid>, _>(&self.id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.base)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.version)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Doc>, _>(&self.state)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.journal)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Moment>, _>(&self.saved_at)?;
        out.push_sql(
            ") AS d (id, base, version, state, journal, saved_at) \
             WHERE s.id = d.id AND s.version = d.base RETURNING s.id)",
        );
        Ok(())
    }
}

impl<'a> Inserts<'a> {
    fn add(&mut self, (room, game): &'a Key, next: &'a Current) {
        self.id.push(next.tag.state);
        self.room_id.push(*room);
        self.gameplay_id.push(game.as_str());
        self.version.push(next.tag.version);
        self.state.push(&next.document);
        self.journal.push(next.journal.text());
        self.saved_at.push(next.saved_at);
        self.created_at.push(next.created_at);
    }

    fn walk_ast<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "inserted AS (INSERT INTO gameplay_states (id, room_id, gameplay_id, version, state, \
             journal, last_played_at, created_at, updated_at) \
             SELECT id, room_id, gameplay_id, version, state, journal, saved_at, created_at, \
             saved_at FROM unnest(",
        );
        out.push_bind_param::<Array<Guid>, _>(&self.id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Guid>, _>(&self.room_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.gameplay_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.version)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Doc>, _>(&self.state)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.journal)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Moment>, _>(&self.saved_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Moment>, _>(&self.created_at)?;
        out.push_sql(
            ") AS d (id, room_id, gameplay_id, version, state, journal, saved_at, created_at) \
             ON CONFLICT DO NOTHING RETURNING id)",
        );
        Ok(())
    }
}

impl<'a> Segments<'a> {
    fn add(&mut self, segment: &'a Segment) {
        self.state_id.push(segment.last.state);
        self.last_version.push(segment.last.version);
        self.saved_at.push(segment.saved_at);
        self.document.push(&segment.document);
        self.journal.push(segment.journal.text());
    }

    fn walk_ast<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("segment AS MATERIALIZED (SELECT * FROM unnest(");
        out.push_bind_param::<Array<Guid>, _>(&self.state_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.last_version)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Moment>, _>(&self.saved_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Doc>, _>(&self.document)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.journal)?;
        out.push_sql(
            ") AS g (state_id, last_version, saved_at, document, journal)), \
             kept AS (INSERT INTO gameplay_segments (state_id, last_version, saved_at, \
             document, journal) SELECT * FROM segment), \
             forgotten AS (DELETE FROM gameplay_segments s USING segment g \
             WHERE s.state_id = g.state_id AND s.last_version <= g.last_version - ",
        );
        out.push_bind_param::<BigInt, _>(&self.versions_max)?;
        out.push_sql(")");
        Ok(())
    }
}

impl QueryId for SaveMany<'_> {
    type QueryId = ();

    // Its text depends on what is written.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C> RunQueryDsl<C> for SaveMany<'_> {}

impl QueryFragment<Pg> for SaveMany<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut counts = String::from("0");
        out.push_sql("WITH ");
        if !self.updates.id.is_empty() {
            self.updates.walk_ast(&mut out)?;
            out.push_sql(", ");
            counts.push_str(" + (SELECT count(*) FROM updated)");
        }
        if !self.inserts.id.is_empty() {
            self.inserts.walk_ast(&mut out)?;
            out.push_sql(", ");
            counts.push_str(" + (SELECT count(*) FROM inserted)");
        }
        if !self.segments.state_id.is_empty() {
            self.segments.walk_ast(&mut out)?;
            out.push_sql(", ");
        }
        out.push_sql("written (count) AS (SELECT ");
        out.push_sql(&counts);
        out.push_sql(") SELECT ");
        match self.link {
            Some(link) => link.push_mark(&mut out)?,
            None => out.push_sql("NULL"),
        }
        out.push_sql(" FROM written WHERE must_be_current(count = ");
        out.push_bind_param::<BigInt, _>(&self.count)?;
        if let Some(link) = self.link {
            link.push_condition(&mut out)?;
        }
        out.push_sql(")");
        Ok(())
    }
}
