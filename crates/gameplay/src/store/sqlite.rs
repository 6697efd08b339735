//! The statements of a group on SQLite, document by document: it has one writer.

use std::collections::HashMap;

use database::group_commit::GroupError;
use database::idempotency::{self, AnswerRow, retry_unless_stored};
use database::schema::{deleted_gameplay_states, gameplay_segments, gameplay_states};
use database::{Cached, columns, fetch_all_in_place, fetch_in_place};
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use ids::{AuthorId, GameplayStateId, RoomId};

use super::{CurrentRow, GroupTransaction, StateRow, counted, games};
use crate::plan::{Current, Plan, Segment};
use crate::replay::attempts;
use crate::save::Save;
use crate::state::StateKey;

impl GroupTransaction for SqliteConnection {
    async fn lock(&mut self, keys: &[StateKey]) -> QueryResult<HashMap<StateKey, Current>> {
        keys.iter().filter_map(|key| read_current(self, key).transpose()).collect()
    }

    async fn lock_deleted(
        &mut self,
        ids: &[GameplayStateId],
    ) -> QueryResult<HashMap<GameplayStateId, i64>> {
        let versions = deleted_gameplay_states::table
            .filter(deleted_gameplay_states::id.eq_any(ids))
            .select((deleted_gameplay_states::id, deleted_gameplay_states::version));
        Ok(versions.load::<(GameplayStateId, i64)>(self)?.into_iter().collect())
    }

    async fn count_games(&mut self, rooms: &[RoomId]) -> QueryResult<HashMap<RoomId, usize>> {
        Ok(counted(fetch_all_in_place(self, games(rooms))?))
    }

    async fn answers(&mut self, group: &[Save]) -> QueryResult<Vec<AnswerRow>> {
        fetch_all_in_place(self, idempotency::find_answers(attempts(group)))
    }

    async fn write(&mut self, plans: &[Plan], history_versions: i64) -> Result<(), GroupError> {
        for plan in plans {
            if !save_one(self, plan, history_versions)? {
                return Err(GroupError::Retry);
            }
        }
        Ok(())
    }

    async fn store_answers(&mut self, answers: &[AnswerRow]) -> Result<(), GroupError> {
        for answer in answers {
            let stored: Option<AuthorId> = fetch_in_place(self, idempotency::store_answer(answer))?;
            retry_unless_stored(stored.is_some())?;
        }
        Ok(())
    }
}

/// The document with this key, if it exists.
fn read_current(
    connection: &mut SqliteConnection,
    (room, game): &StateKey,
) -> QueryResult<Option<(StateKey, Current)>> {
    let row: Option<CurrentRow> = gameplay_states::table
        .filter(gameplay_states::room_id.eq(room))
        .filter(gameplay_states::gameplay_id.eq(game.as_str()))
        .select((columns::<StateRow>(), gameplay_states::journal))
        // Without a limit, for which SQLite would compile it again: there is one at most.
        .get_result(connection)
        .optional()?;
    Ok(row.map(CurrentRow::current))
}

/// Writes the document of a plan, if it changes. False when the document is at another version than
/// the plan is based on.
fn save_one(
    connection: &mut SqliteConnection,
    plan: &Plan,
    history_versions: i64,
) -> QueryResult<bool> {
    let Some(next) = plan.written() else { return Ok(true) };
    let is_written = match plan.base {
        0 => insert(connection, plan, next)?,
        base => update(connection, base, next)?,
    };
    if is_written {
        for segment in &plan.segments {
            store_segment(connection, segment, history_versions)?;
        }
    }
    Ok(is_written)
}

fn insert(connection: &mut SqliteConnection, plan: &Plan, next: &Current) -> QueryResult<bool> {
    let (room, game) = &plan.key;
    let written = diesel::insert_into(gameplay_states::table)
        .values((
            gameplay_states::id.eq(next.tag.state),
            gameplay_states::room_id.eq(room),
            gameplay_states::gameplay_id.eq(game.as_str()),
            gameplay_states::state.eq(&next.document),
            gameplay_states::version.eq(next.tag.version),
            gameplay_states::journal.eq(next.journal.text()),
            gameplay_states::last_played_at.eq(next.saved_at),
            gameplay_states::created_at.eq(next.created_at),
            gameplay_states::updated_at.eq(next.saved_at),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    Ok(written == 1)
}

fn update(connection: &mut SqliteConnection, base: i64, next: &Current) -> QueryResult<bool> {
    let update = diesel::update(gameplay_states::table.find(next.tag.state))
        .filter(gameplay_states::version.eq(base))
        .set((
            gameplay_states::state.eq(&next.document),
            gameplay_states::version.eq(next.tag.version),
            gameplay_states::journal.eq(next.journal.text()),
            gameplay_states::last_played_at.eq(next.saved_at),
            gameplay_states::updated_at.eq(next.saved_at),
        ));
    let written = Cached(update.returning(gameplay_states::version));
    Ok(written.get_result::<i64>(connection).optional()?.is_some())
}

fn store_segment(
    connection: &mut SqliteConnection,
    segment: &Segment,
    history_versions: i64,
) -> QueryResult<()> {
    let last = segment.last;
    diesel::insert_into(gameplay_segments::table)
        .values((
            gameplay_segments::state_id.eq(last.state),
            gameplay_segments::last_version.eq(last.version),
            gameplay_segments::saved_at.eq(segment.saved_at),
            gameplay_segments::document.eq(&segment.document),
            gameplay_segments::journal.eq(segment.journal.text()),
        ))
        .execute(connection)?;
    diesel::delete(gameplay_segments::table)
        .filter(gameplay_segments::state_id.eq(last.state))
        .filter(gameplay_segments::last_version.le(last.version - history_versions))
        .execute(connection)?;
    Ok(())
}
