//! Every query on gameplay states and their history.

mod deleted;
mod postgres;
mod sqlite;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use database::group_commit::GroupError;
use database::idempotency::AnswerRow;
use database::schema::{gameplay_segments, gameplay_states};
use database::sql_types::Doc;
use database::{At, Execute, Fetch, columns};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::prelude::*;
use documents::Json;
use ids::{GameplayStateId, RoomId};
use serde_json::value::RawValue;
use tracing::error;

use crate::journal::{DocumentWithJournal, Journal};
use crate::plan::{Current, Plan};
use crate::save::Save;
use crate::state::{GameplayId, GameplayState, StateKey};
use crate::version::Tag;

pub(crate) use deleted::{after_delete, delete, delete_stored, delete_version, deleted};
pub(crate) use postgres::save_many;

/// The statements of a group's transaction. SQLite's run in place and never wait.
pub(crate) trait GroupTransaction: Send {
    /// Reads the documents with these keys, and on PostgreSQL locks their rows in the order of their
    /// ids; SQLite has one writer.
    fn lock(
        &mut self,
        keys: &[StateKey],
    ) -> impl Future<Output = QueryResult<HashMap<StateKey, Current>>> + Send;

    /// The last versions of these deleted states, whose rows it locks on PostgreSQL in the order of their
    /// ids.
    fn lock_deleted(
        &mut self,
        ids: &[GameplayStateId],
    ) -> impl Future<Output = QueryResult<HashMap<GameplayStateId, i64>>> + Send;

    /// The number of states of each of these rooms.
    fn count_games(
        &mut self,
        rooms: &[RoomId],
    ) -> impl Future<Output = QueryResult<HashMap<RoomId, usize>>> + Send;

    /// What is stored under the idempotency keys of a group.
    fn answers(
        &mut self,
        group: &[Save],
    ) -> impl Future<Output = QueryResult<Vec<AnswerRow>>> + Send;

    /// Writes the documents of these plans, and keeps `history_versions` versions of those that get a
    /// new segment.
    ///
    /// # Errors
    /// [`GroupError::Retry`] when a document is at another version than its plan is based on.
    fn write(
        &mut self,
        plans: &[Plan],
        history_versions: i64,
    ) -> impl Future<Output = Result<(), GroupError>> + Send;

    /// Stores answers under their idempotency keys.
    ///
    /// # Errors
    /// [`GroupError::Retry`] when another instance stored one of them meanwhile.
    fn store_answers(
        &mut self,
        answers: &[AnswerRow],
    ) -> impl Future<Output = Result<(), GroupError>> + Send;
}

/// A document as it is stored; none when it is damaged.
#[derive(FromSqlRow)]
pub(crate) struct StoredDocument(Option<Json>);

impl<DB: Backend> FromSql<Doc, DB> for StoredDocument
where
    Json: FromSql<Doc, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Json::from_sql(bytes).ok()))
    }
}

/// A row of `gameplay_states`, without its journal.
#[derive(Queryable, Selectable)]
#[diesel(table_name = gameplay_states)]
pub(crate) struct StateRow {
    id: GameplayStateId,
    room_id: RoomId,
    gameplay_id: String,
    state: StoredDocument,
    version: i64,
    created_at: At,
    last_played_at: At,
}

/// A row of `gameplay_states` with its journal, as a group reads it.
#[derive(Queryable)]
pub(crate) struct CurrentRow {
    row: StateRow,
    journal: String,
}

/// A document and its journal, of a state or of a segment.
#[derive(Queryable)]
pub(crate) struct PartRow {
    document: StoredDocument,
    journal: String,
    last_version: i64,
}

impl StateRow {
    /// The state; its tag when the document is damaged, which is logged.
    pub(crate) fn state(self) -> Result<GameplayState, Tag> {
        let tag = Tag { state: self.id, version: self.version };
        let Some(state) = self.state.0 else {
            error!(
                state.id = %self.id, room.id = %self.room_id, version = self.version,
                "the document of gameplay state {} is damaged", self.id
            );
            return Err(tag);
        };
        Ok(GameplayState {
            id: self.id,
            room_id: self.room_id,
            gameplay_id: GameplayId::trusted(&self.gameplay_id),
            state,
            version: self.version,
            created_at: self.created_at.utc(),
            saved_at: self.last_played_at.utc(),
        })
    }
}

impl CurrentRow {
    fn current(self) -> (StateKey, Current) {
        let Self { row, journal } = self;
        let is_damaged = row.state.0.is_none();
        let current = Current {
            tag: Tag { state: row.id, version: row.version },
            document: row.state.0.unwrap_or_else(|| Json::from_raw(RawValue::NULL.to_owned())),
            journal: Journal::of(&journal),
            created_at: row.created_at,
            saved_at: row.last_played_at,
            is_damaged,
        };
        ((row.room_id, GameplayId::trusted(&row.gameplay_id)), current)
    }
}

impl From<PartRow> for (Option<DocumentWithJournal>, i64) {
    fn from(row: PartRow) -> Self {
        let journal = Journal::of(&row.journal);
        let part = row.document.0.map(|document| DocumentWithJournal { document, journal });
        (part, row.last_version)
    }
}

/// The state of a game.
pub(crate) fn state(room: RoomId, game: &GameplayId) -> impl Fetch<'_, StateRow> {
    gameplay_states::table
        .filter(gameplay_states::room_id.eq(room))
        .filter(gameplay_states::gameplay_id.eq(game.as_str()))
        .select(columns::<StateRow>())
}

/// The ids of a room's states and their games, the last played first.
pub(crate) fn index(room: RoomId) -> impl Fetch<'static, (GameplayStateId, String, At)> {
    gameplay_states::table
        .filter(gameplay_states::room_id.eq(room))
        .order((gameplay_states::last_played_at.desc(), gameplay_states::id))
        .select((
            gameplay_states::id,
            gameplay_states::gameplay_id,
            gameplay_states::last_played_at,
        ))
}

/// The states with these ids, in any order.
pub(crate) fn states(ids: Vec<GameplayStateId>) -> impl Fetch<'static, StateRow> {
    gameplay_states::table.filter(gameplay_states::id.eq_any(ids)).select(columns::<StateRow>())
}

/// The id and the version of a game's state.
pub(crate) fn version(room: RoomId, game: &GameplayId) -> impl Fetch<'_, (GameplayStateId, i64)> {
    gameplay_states::table
        .filter(gameplay_states::room_id.eq(room))
        .filter(gameplay_states::gameplay_id.eq(game.as_str()))
        .select((gameplay_states::id, gameplay_states::version))
}

/// The number of versions of each state of a room, and when it was saved last.
pub(crate) fn saves(room: RoomId) -> impl Fetch<'static, (i64, At)> {
    gameplay_states::table
        .filter(gameplay_states::room_id.eq(room))
        .select((gameplay_states::version, gameplay_states::last_played_at))
}

/// The number of states of each of these rooms.
fn games(rooms: &[RoomId]) -> impl Fetch<'static, (RoomId, i64)> {
    gameplay_states::table
        .filter(gameplay_states::room_id.eq_any(rooms.to_vec()))
        .group_by(gameplay_states::room_id)
        .select((gameplay_states::room_id, diesel::dsl::count_star()))
}

fn counted(rows: Vec<(RoomId, i64)>) -> HashMap<RoomId, usize> {
    rows.into_iter().map(|(room, count)| (room, usize::try_from(count).unwrap_or(0))).collect()
}

/// The current document of a state and its journal.
pub(crate) fn journal(state: GameplayStateId) -> impl Fetch<'static, PartRow> {
    gameplay_states::table.find(state).select((
        gameplay_states::state,
        gameplay_states::journal,
        gameplay_states::version,
    ))
}

/// The segment of a state that contains this version, or the first one after it.
pub(crate) fn segment_from(state: GameplayStateId, version: i64) -> impl Fetch<'static, PartRow> {
    gameplay_segments::table
        .filter(gameplay_segments::state_id.eq(state))
        .filter(gameplay_segments::last_version.ge(version))
        .order(gameplay_segments::last_version)
        .limit(1)
        .select((
            gameplay_segments::document,
            gameplay_segments::journal,
            gameplay_segments::last_version,
        ))
}

/// The last segment of a state that ends before this version.
pub(crate) fn segment_before(state: GameplayStateId, version: i64) -> impl Fetch<'static, PartRow> {
    gameplay_segments::table
        .filter(gameplay_segments::state_id.eq(state))
        .filter(gameplay_segments::last_version.lt(version))
        .order(gameplay_segments::last_version.desc())
        .limit(1)
        .select((
            gameplay_segments::document,
            gameplay_segments::journal,
            gameplay_segments::last_version,
        ))
}

/// Deletes the segments that ended before `moment`.
pub(crate) fn delete_segments(moment: DateTime<Utc>) -> impl Execute {
    let ended = gameplay_segments::saved_at.lt(At::from(moment));
    diesel::delete(gameplay_segments::table.filter(ended))
}
