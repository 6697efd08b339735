//! The versions of a state: which there are, what they were, and how long they are kept.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, TimeDelta, Utc};
use database::{DatabaseError, Db};
use documents::{Json, merge_patch};
use ids::AuthorId;
use tracing::info;

use crate::error::GameplayError;
use crate::journal::Journal;
use crate::state::GameplayState;
use crate::store as table;

/// A version of a state, without its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// Which one, from 1.
    pub number: i64,
    /// When it was saved.
    pub saved_at: DateTime<Utc>,
    /// By whom.
    pub author_id: AuthorId,
    /// Whether that is a visitor.
    pub by_visitor: bool,
    /// Length of its document, in bytes.
    pub bytes: i32,
}

/// A version, its document, and what it changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The version.
    pub version: Version,
    /// The document as it was.
    pub document: Json,
    /// The members of the document that differ from the version before.
    pub changed: Vec<String>,
}

/// A part of the past: a document, and the journal that leads back from it.
pub(crate) struct Stretch {
    pub(crate) document: Json,
    pub(crate) journal: Journal,
}

/// The versions of a state below `before` that are kept, newest first, `limit` of them at most.
///
/// # Errors
/// When the database fails.
pub async fn page(
    db: &Db,
    state: &GameplayState,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Snapshot>, GameplayError> {
    let last = before.map_or(state.version, |before| before - 1).min(state.version);
    snapshots(db, state, last - limit + 1..=last).await
}

/// One version of a state with its document.
///
/// # Errors
/// When there is no such version, or it is not kept any more.
pub async fn version(
    db: &Db,
    state: &GameplayState,
    number: i64,
) -> Result<Snapshot, GameplayError> {
    let found = snapshots(db, state, number..=number).await?.pop();
    found.ok_or(GameplayError::NoSuchVersion(number))
}

/// The `wanted` versions that are kept, newest first.
async fn snapshots(
    db: &Db,
    state: &GameplayState,
    wanted: RangeInclusive<i64>,
) -> Result<Vec<Snapshot>, GameplayError> {
    let present = db.read_one(table::journal(state.id)).await?;
    let within = db.read_all(table::segments_ending(state.id, &wanted)).await?;
    let after = db.read_one(table::segment_after(state.id, *wanted.end())).await?;
    // A journal that became a segment in between is found in both.
    let mut snapshots = BTreeMap::new();
    for stretch in present.into_iter().chain(within).chain(after).map(Stretch::from) {
        snapshots.extend(walk_back(&stretch)?.into_iter().map(|it| (it.version.number, it)));
    }
    Ok(snapshots.into_values().rev().filter(|it| wanted.contains(&it.version.number)).collect())
}

/// The versions of a stretch, newest first.
fn walk_back(stretch: &Stretch) -> Result<Vec<Snapshot>, GameplayError> {
    let mut snapshots = Vec::new();
    let mut document = Some(stretch.document.clone());
    for entry in stretch.journal.entries()? {
        let Some(current) = document.take() else { break };
        let before = entry.before(&current)?;
        let before_text = before.as_ref().map_or("{}", Json::text);
        let changed = merge_patch::changed_members(before_text, current.text());
        snapshots.push(Snapshot { version: entry.version, document: current, changed });
        document = before;
    }
    Ok(snapshots)
}

/// Forgets what of the past is older than `age`. The latest versions of a state stay, however old.
///
/// # Errors
/// When the database fails.
pub async fn forget_old(db: &Db, age: TimeDelta) -> Result<(), DatabaseError> {
    let forgotten = db.write(table::forget_segments(Utc::now() - age)).await?;
    if forgotten > 0 {
        info!(segments = forgotten, "{forgotten} old segments of gameplay states were forgotten");
    }
    Ok(())
}
