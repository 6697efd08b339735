//! Rooms that have as many visitors as they may have.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use database::fetch_all_in_place;
use diesel::{QueryResult, SqliteConnection};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{RoomId, VisitorId};

use super::writer::JoinWriter;
use crate::store::{self, VisitorRow};

/// How long a visitor of a full room may not be seen and keep the place: many heartbeats.
const EVICTABLE_AFTER: TimeDelta = TimeDelta::hours(1);

/// Visitors that are evicted besides, so that a full room is not counted at each join.
const EVICTED_AHEAD: i64 = 32;

/// Visitors of a room that one group evicts at most. More are too many only after the bound was lowered;
/// the next groups evict the others.
const EVICTED_MAX: i64 = 1_000;

impl JoinWriter {
    /// Deletes visitors of rooms that have too many, on PostgreSQL: first those who are gone, then new ones.
    pub(super) async fn enforce_quota(
        &mut self,
        connection: &mut AsyncPgConnection,
        new: &mut Vec<VisitorRow>,
    ) -> QueryResult<()> {
        let more = per_room(new);
        let uncounted = self.note_inserted(&more);
        if !uncounted.is_empty() {
            let counts = store::count_visitors(uncounted.clone()).load(connection).await?;
            self.quota.counted(uncounted, &counts.into_iter().collect());
        }
        for room in more.into_keys() {
            let surplus = -self.quota.free(room);
            if surplus <= 0 {
                continue;
            }
            let gone = store::lock_evictable(room, unseen_since(), evicted_by(surplus));
            let gone: Vec<VisitorId> = gone.load(connection).await?;
            let refused = self.refuse(room, new, gone.len());
            let deleted = store::delete_visitors([gone, refused].concat());
            let _: Vec<VisitorId> = deleted.load(connection).await?;
        }
        Ok(())
    }

    /// The same on SQLite.
    pub(super) fn enforce_quota_in_place(
        &mut self,
        connection: &mut SqliteConnection,
        new: &mut Vec<VisitorRow>,
    ) -> QueryResult<()> {
        let more = per_room(new);
        let uncounted = self.note_inserted(&more);
        if !uncounted.is_empty() {
            let counts = fetch_all_in_place(connection, store::count_visitors(uncounted.clone()))?;
            self.quota.counted(uncounted, &counts.into_iter().collect());
        }
        for room in more.into_keys() {
            let surplus = -self.quota.free(room);
            if surplus <= 0 {
                continue;
            }
            let gone = store::evictable(room, unseen_since(), evicted_by(surplus));
            let gone = fetch_all_in_place(connection, gone)?;
            let refused = self.refuse(room, new, gone.len());
            let deleted = store::delete_visitors([gone, refused].concat());
            let _: Vec<VisitorId> = fetch_all_in_place(connection, deleted)?;
        }
        Ok(())
    }

    /// Takes visitors into account that were inserted. Gives the rooms to be counted instead.
    fn note_inserted(&mut self, more: &HashMap<RoomId, i64>) -> Vec<RoomId> {
        let uncounted = self.quota.uncounted(more);
        for (room, more) in more {
            self.quota.add(*room, *more);
        }
        uncounted
    }

    /// Removes from `new` the last visitors of the room that are too many when `evicted` others go. Gives
    /// their ids.
    fn refuse(
        &mut self,
        room: RoomId,
        new: &mut Vec<VisitorRow>,
        evicted: usize,
    ) -> Vec<VisitorId> {
        self.quota.add(room, -i64::try_from(evicted).unwrap_or(i64::MAX));
        let mut refused = Vec::new();
        while self.quota.free(room) < 0
            && let Some(last) = new.iter().rposition(|row| row.room_id == room)
        {
            refused.push(new.remove(last).id);
            self.quota.add(room, -1);
        }
        refused
    }
}

/// The number of visitors of each room.
fn per_room(visitors: &[VisitorRow]) -> HashMap<RoomId, i64> {
    let mut numbers = HashMap::new();
    for visitor in visitors {
        *numbers.entry(visitor.room_id).or_insert(0) += 1;
    }
    numbers
}

/// Visitors to evict from a room that has so many too many.
fn evicted_by(surplus: i64) -> i64 {
    surplus.saturating_add(EVICTED_AHEAD).min(EVICTED_MAX)
}

/// Visitors who were not seen since then may be evicted.
fn unseen_since() -> DateTime<Utc> {
    Utc::now() - EVICTABLE_AFTER
}
