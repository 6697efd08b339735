//! The statements of a group on PostgreSQL: each takes any number of rows.

use std::collections::HashMap;

use database::group_commit::{GroupError, Link};
use database::idempotency::{self, AnswerRow, retry_unless_stored};
use database::schema::{deleted_gameplay_states, gameplay_segments, gameplay_states};
use database::sql_types::{Doc, Guid, Moment};
use database::{At, Unnest, prepared_once};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text};
use diesel::{ExpressionMethods, QueryDsl, QueryResult};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{GameplayStateId, RoomId};

use super::{CurrentRow, GroupTransaction, counted, games};
use crate::plan::{Current, Plan, Segment};
use crate::replay::attempts;
use crate::save::Save;
use crate::state::StateKey;

impl GroupTransaction for AsyncPgConnection {
    async fn lock(&mut self, keys: &[StateKey]) -> QueryResult<HashMap<StateKey, Current>> {
        let rows: Vec<CurrentRow> = lock_many(keys).load(self).await?;
        Ok(rows.into_iter().map(CurrentRow::current).collect())
    }

    async fn lock_deleted(
        &mut self,
        ids: &[GameplayStateId],
    ) -> QueryResult<HashMap<GameplayStateId, i64>> {
        let locked = deleted_gameplay_states::table
            .filter(deleted_gameplay_states::id.eq_any(ids.to_vec()))
            .order(deleted_gameplay_states::id)
            .select((deleted_gameplay_states::id, deleted_gameplay_states::version))
            .for_update();
        let rows: Vec<(GameplayStateId, i64)> = locked.load(self).await?;
        Ok(rows.into_iter().collect())
    }

    async fn count_games(&mut self, rooms: &[RoomId]) -> QueryResult<HashMap<RoomId, usize>> {
        Ok(counted(games(rooms).load(self).await?))
    }

    async fn answers(&mut self, group: &[Save]) -> QueryResult<Vec<AnswerRow>> {
        idempotency::find_answers(attempts(group)).load(self).await
    }

    async fn write(&mut self, plans: &[Plan], history_versions: i64) -> Result<(), GroupError> {
        if plans.iter().any(|plan| plan.written().is_some()) {
            save_many(plans, history_versions).execute(self).await?;
        }
        Ok(())
    }

    async fn store_answers(&mut self, answers: &[AnswerRow]) -> Result<(), GroupError> {
        let stored = idempotency::store_answers(answers).execute(self).await?;
        retry_unless_stored(stored == answers.len())
    }
}

/// Reads the documents with these keys and locks their rows, in the order of their ids.
fn lock_many(keys: &[StateKey]) -> LockMany<'_> {
    let keys = Unnest::of(keys)
        .column(gameplay_states::room_id, |(room, _)| *room)
        .column(gameplay_states::gameplay_id, |(_, game)| game.as_str());
    LockMany { keys }
}

/// See [`lock_many`].
struct LockMany<'a> {
    keys: Unnest<'a, &'a StateKey>,
}

// The columns of a `StateRow`, and the journal.
prepared_once!(LockMany<'_>, ((Guid, Guid, Text, Doc, BigInt, Moment, Moment), Text));

impl QueryFragment<Pg> for LockMany<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT s.id, s.room_id, s.gameplay_id, s.state, s.version, s.created_at, \
             s.last_played_at, s.journal FROM gameplay_states s JOIN ",
        );
        self.keys.push_as("k", &mut out)?;
        out.push_sql(" USING (room_id, gameplay_id) ORDER BY s.id FOR UPDATE OF s");
        Ok(())
    }
}

/// Writes the documents of these plans, each onto the version that its plan is based on, and keeps
/// `history_versions` versions of a document that gets a new segment. Nothing is written when one of
/// them is at another version.
///
/// Existing rows are updated in the order of their ids, and new ones inserted in the order of their
/// keys, so that writers of the same rows wait for each other in one direction only.
pub(crate) fn save_many(plans: &[Plan], history_versions: i64) -> SaveMany<'_> {
    let written: Vec<Written<'_>> = plans.iter().filter_map(Written::of).collect();
    let (inserted, mut updated): (Vec<_>, Vec<_>) =
        written.into_iter().partition(|it| it.plan.base == 0);
    updated.sort_unstable_by_key(|it| it.next.tag.state);
    let segments = updated.iter().chain(&inserted).flat_map(|it| &it.plan.segments);
    SaveMany {
        segments: segments_of(segments),
        history_versions,
        count: i64::try_from(updated.len() + inserted.len()).unwrap_or(i64::MAX),
        updates: updates(updated),
        inserts: inserts(inserted),
        link: None,
    }
}

/// See [`save_many`].
///
/// A part without rows is left out, because PostgreSQL prepares every part each time: the parts for new
/// documents and segments took a fifth of the time of a single save.
pub(crate) struct SaveMany<'a> {
    updates: Unnest<'a, Written<'a>>,
    inserts: Unnest<'a, Written<'a>>,
    segments: Unnest<'a, &'a Segment>,
    history_versions: i64,
    /// Documents to write.
    count: i64,
    link: Option<&'a Link>,
}

/// A plan and the document to write.
#[derive(Clone, Copy)]
struct Written<'a> {
    plan: &'a Plan,
    next: &'a Current,
}

impl<'a> Written<'a> {
    fn of(plan: &'a Plan) -> Option<Self> {
        plan.written().map(|next| Self { plan, next })
    }
}

fn updates(rows: Vec<Written<'_>>) -> Unnest<'_, Written<'_>> {
    Unnest::of(rows)
        .column(gameplay_states::id, |it| it.next.tag.state)
        .named::<BigInt, i64>("base", |it| it.plan.base)
        .column(gameplay_states::version, |it| it.next.tag.version)
        .column(gameplay_states::state, |it| &it.next.document)
        .column(gameplay_states::journal, |it| it.next.journal.text())
        .named::<Moment, At>("saved_at", |it| it.next.saved_at)
}

fn inserts(rows: Vec<Written<'_>>) -> Unnest<'_, Written<'_>> {
    Unnest::of(rows)
        .column(gameplay_states::id, |it| it.next.tag.state)
        .column(gameplay_states::room_id, |it| it.plan.key.0)
        .column(gameplay_states::gameplay_id, |it| it.plan.key.1.as_str())
        .column(gameplay_states::version, |it| it.next.tag.version)
        .column(gameplay_states::state, |it| &it.next.document)
        .column(gameplay_states::journal, |it| it.next.journal.text())
        .column(gameplay_states::last_played_at, |it| it.next.saved_at)
        .column(gameplay_states::created_at, |it| it.next.created_at)
        .column(gameplay_states::updated_at, |it| it.next.saved_at)
}

fn segments_of<'a>(rows: impl Iterator<Item = &'a Segment>) -> Unnest<'a, &'a Segment> {
    Unnest::of(rows)
        .column(gameplay_segments::state_id, |it| it.last.state)
        .column(gameplay_segments::last_version, |it| it.last.version)
        .column(gameplay_segments::saved_at, |it| it.saved_at)
        .column(gameplay_segments::document, |it| &it.document)
        .column(gameplay_segments::journal, |it| it.journal.text())
}

impl<'a> SaveMany<'a> {
    /// Also writes nothing when the group before it, to which it is linked, was rolled back.
    pub(crate) fn linked(self, link: &'a Link) -> Self {
        Self { link: Some(link), ..self }
    }

    fn push_updates<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "updated AS (UPDATE gameplay_states s SET state = d.state, version = d.version, \
             journal = d.journal, last_played_at = d.saved_at, updated_at = d.saved_at FROM ",
        );
        self.updates.push_as("d", out)?;
        out.push_sql(" WHERE s.id = d.id AND s.version = d.base RETURNING s.id), ");
        Ok(())
    }

    fn push_inserts<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("inserted AS (");
        self.inserts.push_insert(&gameplay_states::table, out)?;
        out.push_sql(" ON CONFLICT DO NOTHING RETURNING id), ");
        Ok(())
    }

    fn push_segments<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("segment AS MATERIALIZED (SELECT * FROM ");
        self.segments.push_as("g", out)?;
        out.push_sql(
            "), stored AS (INSERT INTO gameplay_segments (state_id, last_version, saved_at, \
             document, journal) SELECT state_id, last_version, saved_at, document, journal \
             FROM segment), \
             deleted AS (DELETE FROM gameplay_segments s USING segment g \
             WHERE s.state_id = g.state_id AND s.last_version <= g.last_version - ",
        );
        out.push_bind_param::<BigInt, _>(&self.history_versions)?;
        out.push_sql("), ");
        Ok(())
    }
}

impl QueryId for SaveMany<'_> {
    type QueryId = ();

    // The text depends on the parts that are written.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C> diesel::RunQueryDsl<C> for SaveMany<'_> {}

impl QueryFragment<Pg> for SaveMany<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut counts = String::from("0");
        out.push_sql("WITH ");
        if !self.updates.is_empty() {
            self.push_updates(&mut out)?;
            counts.push_str(" + (SELECT count(*) FROM updated)");
        }
        if !self.inserts.is_empty() {
            self.push_inserts(&mut out)?;
            counts.push_str(" + (SELECT count(*) FROM inserted)");
        }
        if !self.segments.is_empty() {
            self.push_segments(&mut out)?;
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
