//! Deleting rooms and visitors that are old enough.
//!
//! Both tables are read in pages by id, because no index could serve the conditions cheaply.

use chrono::{DateTime, TimeDelta, Utc};
use database::{At, DatabaseError, Db};
use ids::{RoomId, VisitorId};

use crate::store;

/// Rows that one statement reads, or visitors that it deletes at most.
const PAGE: i64 = 1_000;

/// Rooms that one transaction deletes at most. Each goes with all its visitors, states and their history,
/// and saves of other states wait for it on SQLite.
const ROOMS_AT_ONCE: usize = 20;

/// The ages at which rows are deleted.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// How long a closed or expired room is kept in which nothing happens; `None` keeps it for good.
    pub ended_rooms: Option<TimeDelta>,
    /// How long a visitor is kept who is not seen.
    pub visitors: TimeDelta,
}

impl Retention {
    /// The ages of the settings.
    pub fn of(settings: &settings::Rooms) -> Self {
        let ended = TimeDelta::days(settings.ended_days);
        Self {
            ended_rooms: (ended > TimeDelta::zero()).then_some(ended),
            visitors: TimeDelta::days(settings.visitor_days),
        }
    }
}

/// Deletes what is old enough at `now`: rooms also when visitors cannot be deleted.
///
/// # Errors
/// When the database fails; what was deleted until then stays deleted.
pub async fn delete_old(
    db: &Db,
    retention: Retention,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let visitors = delete_unseen_visitors(db, now - retention.visitors).await;
    let rooms = match retention.ended_rooms {
        Some(age) => delete_idle_rooms(db, now - age).await,
        None => Ok(()),
    };
    visitors.and(rooms)
}

async fn delete_unseen_visitors(db: &Db, since: DateTime<Utc>) -> Result<(), DatabaseError> {
    let mut last = Some(VisitorId::from_u128(0));
    while let Some(after) = last {
        let page = db.read_all(store::last_seen_after(after, PAGE)).await?;
        last = page.last().map(|(id, _)| *id);
        let is_old = |seen: &At| *seen < At::from(since);
        let old: Vec<_> = page.iter().filter(|(_, seen)| is_old(seen)).map(|it| it.0).collect();
        if !old.is_empty() {
            let unseen = store::lock_unseen(old, since);
            db.write_and(unseen, |ids| Some(store::delete_locked(ids.to_vec()))).await?;
        }
    }
    Ok(())
}

async fn delete_idle_rooms(db: &Db, since: DateTime<Utc>) -> Result<(), DatabaseError> {
    let since_at = At::from(since);
    let mut last = Some(RoomId::from_u128(0));
    while let Some(after) = last {
        let page = db.read_all(store::ends_after(after, PAGE)).await?;
        last = page.last().map(|it| it.0);
        let has_ended = |is_active: bool, expires_at: Option<At>| {
            !is_active || expires_at.is_some_and(|end| end < since_at)
        };
        let old: Vec<_> = page
            .iter()
            .filter(|(_, is_active, created_at, expires_at)| {
                *created_at < since_at && has_ended(*is_active, *expires_at)
            })
            .map(|it| it.0)
            .collect();
        for ids in old.chunks(ROOMS_AT_ONCE) {
            delete_if_idle(db, ids.to_vec(), since).await?;
        }
    }
    Ok(())
}

/// Deletes those of these rooms that are idle once their rows and those of their states and notes are locked,
/// so that no save is deleted that was committed after the decision.
async fn delete_if_idle(
    db: &Db,
    ids: Vec<RoomId>,
    since: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let states = store::lock_states(ids.clone());
    let notes = store::lock_notes(ids.clone());
    let rooms = store::lock_rooms_by_id(ids.clone());
    let delete = store::delete_idle(ids, since);
    db.write_and(states, |_| (Some(notes), (Some(rooms), Some(delete)))).await?;
    Ok(())
}
