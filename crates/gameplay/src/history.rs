//! Past versions of a state: pages of them, single ones, and their retention.

use std::ops::ControlFlow;

use chrono::{TimeDelta, Utc};
use database::{DatabaseError, Db};
use documents::{Json, merge_patch};
use tracing::{error, info};

use crate::background;
use crate::error::GameplayError;
use crate::journal::{DocumentWithJournal, JournalError};
use crate::store as table;
use crate::version::{Tag, Version};

/// Documents that are rebuilt for one page, in bytes; a page ends early beyond that.
const PAGE_BYTES_MAX: usize = 4 << 20;

/// Whether past versions and deleted states are stored.
#[derive(Clone, Copy, Debug)]
pub struct StoresHistory(pub bool);

/// A version and its document.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The version.
    pub version: Version,
    /// Its document.
    pub document: Json,
}

/// A version and what it changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedVersion {
    /// The version.
    pub version: Version,
    /// The members of the document that differ from the version before.
    pub changed: Vec<String>,
}

/// The stored versions of a state, whose last one is `current`, below `before`, newest first, `limit` of
/// them at most; fewer when their documents are large.
///
/// # Errors
/// When the database fails.
pub async fn page(
    db: &Db,
    current: Tag,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<ListedVersion>, GameplayError> {
    let last = before.map_or(current.version, |before| before - 1).min(current.version);
    let db = db.clone();
    background::run(async move {
        let mut versions = Vec::new();
        let mut bytes = 0;
        walk_back(&db, current, last, |version, document, before| {
            let changed =
                merge_patch::changed_members(before.map_or("{}", Json::text), document.text());
            versions.push(ListedVersion { version, changed });
            bytes += document.text().len();
            if versions.len() >= limit || bytes > PAGE_BYTES_MAX {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .await?;
        Ok(versions)
    })
    .await
}

/// One version of a state with its document.
///
/// # Errors
/// When there is no such version, or it is no longer stored.
pub async fn version(db: &Db, state: Tag, number: i64) -> Result<Snapshot, GameplayError> {
    let db = db.clone();
    background::run(async move {
        let mut found = None;
        walk_back(&db, state, number, |version, document, _| {
            found = (version.number == number)
                .then(|| Snapshot { version, document: document.clone() });
            ControlFlow::Break(())
        })
        .await?;
        found.ok_or(GameplayError::NoSuchVersion(number))
    })
    .await
}

/// Visits the stored versions of a state from `last` back, each with its document and the one before,
/// until `visit` breaks. Damaged parts are logged and left out.
async fn walk_back(
    db: &Db,
    state: Tag,
    last: i64,
    mut visit: impl FnMut(Version, &Json, Option<&Json>) -> ControlFlow<()> + Send,
) -> Result<(), GameplayError> {
    let mut part = newest_part(db, state, last).await?;
    while let Some((present, last_version)) = part {
        let mut first = last_version;
        let visited = present.map_or(Ok(ControlFlow::Continue(())), |part| {
            visit_part(&part, |version, document, before| {
                first = version.number;
                if version.number > last {
                    ControlFlow::Continue(())
                } else {
                    visit(version, document, before)
                }
            })
        });
        match visited {
            Ok(ControlFlow::Break(())) => return Ok(()),
            Ok(ControlFlow::Continue(())) => {}
            Err(error) => error!(
                state.id = %state.state, version = first, error = %error,
                "the history of gameplay state {} is damaged at version {first}: {error}", state.state
            ),
        }
        part = db.read_one(table::segment_before(state.state, first)).await?.map(Into::into);
    }
    Ok(())
}

/// A part of the history, unless its document is damaged, and its last version.
type Part = (Option<DocumentWithJournal>, i64);

/// The part that contains the version `last`, or the newest one before it.
async fn newest_part(db: &Db, state: Tag, last: i64) -> Result<Option<Part>, GameplayError> {
    // A journal may become a segment in the meantime, so it is read first, and the segments after it.
    let present: Option<Part> = db.read_one(table::journal(state.state)).await?.map(Into::into);
    if let Some((Some(part), _)) = &present {
        let oldest = part.journal.entries().filter_map(Result::ok).last();
        if oldest.is_some_and(|entry| entry.version.number <= last) {
            return Ok(present);
        }
    }
    let containing = db.read_one(table::segment_from(state.state, last)).await?;
    let found = match containing {
        Some(row) => Some(row),
        None => db.read_one(table::segment_before(state.state, last)).await?,
    };
    Ok(found.map(Into::into))
}

/// Visits the versions of a part, newest first.
fn visit_part(
    part: &DocumentWithJournal,
    mut visit: impl FnMut(Version, &Json, Option<&Json>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, JournalError> {
    let mut next = Some(part.document.clone());
    for entry in part.journal.entries() {
        let Some(document) = next else { break };
        let entry = entry?;
        let before = entry.before(&document)?;
        if visit(entry.version, &document, before.as_ref()).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        next = before;
    }
    Ok(ControlFlow::Continue(()))
}

/// Deletes history, and deleted states, that are older than `age`. The latest versions of a state stay,
/// whatever their age.
///
/// # Errors
/// When the database fails.
pub async fn delete_old(db: &Db, age: TimeDelta) -> Result<(), DatabaseError> {
    let moment = Utc::now() - age;
    let states = db.write(table::delete_stored(moment)).await;
    let deleted = db.write(table::delete_segments(moment)).await?;
    if deleted > 0 {
        info!(segments = deleted, "{deleted} old segments of gameplay states were deleted");
    }
    states.map(drop)
}
