//! The same on SQLite, document by document, in a transaction that nobody else writes in.

use database::Cached;
use database::schema::{gameplay_segments, gameplay_states};
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::CurrentRow;
use crate::plan::{Current, Key, Plan, Segment};

/// A document as it is, if there is one.
pub(crate) fn read_current(
    connection: &mut SqliteConnection,
    (room, game): Key,
) -> QueryResult<Option<(Key, Current)>> {
    let row: Option<CurrentRow> = gameplay_states::table
        .filter(gameplay_states::room_id.eq(room))
        .filter(gameplay_states::gameplay_id.eq(game.as_str()))
        .select((
            gameplay_states::room_id,
            gameplay_states::gameplay_id,
            gameplay_states::id,
            gameplay_states::version,
            gameplay_states::state,
            gameplay_states::journal,
            gameplay_states::created_at,
            gameplay_states::last_played_at,
        ))
        // Without a limit, for which SQLite would compile it anew: there is one at most.
        .get_result(connection)
        .optional()?;
    Ok(row.map(CurrentRow::current))
}

/// Writes what a plan leaves, if it leaves something; not when the document is at another version
/// than the plan was made for.
pub(crate) fn save_one(
    connection: &mut SqliteConnection,
    plan: &Plan,
    versions_max: i64,
) -> QueryResult<bool> {
    let Some(next) = plan.written() else { return Ok(true) };
    let is_written = match plan.base {
        0 => insert(connection, plan, next)?,
        base => update(connection, base, next)?,
    };
    if is_written {
        for segment in &plan.segments {
            keep(connection, segment, versions_max)?;
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

fn keep(
    connection: &mut SqliteConnection,
    segment: &Segment,
    versions_max: i64,
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
        .filter(gameplay_segments::last_version.le(last.version - versions_max))
        .execute(connection)?;
    Ok(())
}
