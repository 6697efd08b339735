//! What is done for the channels from time to time.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use database::Db;
use futures::{StreamExt as _, stream};
use ids::RoomId;
use rooms::{Closings, Heartbeats, manage, visit};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::bus::{Bus as _, News};
use crate::hub::Hub;

/// How late somebody is seen off at most after the grace.
const EXPIRE_EVERY: Duration = Duration::from_millis(100);

/// How long a channel may outlive its room that was closed elsewhere, or whose time is over.
const ROOMS_EVERY: Duration = Duration::from_secs(5);

/// Rooms that are looked for with one query at most.
const ROOMS_ABREAST: usize = 500;

/// Visitors who are noted at the same time, so that they leave together in one commit.
const NOTED_ABREAST: usize = 256;

/// How often it is noted that visitors are there.
const SEEN_EVERY: Duration = Duration::from_secs(10);

/// Upkeep, until it is dropped.
pub struct Upkeep(Vec<AbortHandle>);

impl Upkeep {
    /// Begins now.
    pub fn start(hub: &Arc<Hub>, db: Db, heartbeats: Heartbeats, closings: &Closings) -> Self {
        let seeing_off = tokio::spawn(see_off(hub.clone()));
        let closing = tokio::spawn(follow_closings(hub.clone(), closings.clone()));
        let looking = tokio::spawn(look_at_rooms(hub.clone(), db.clone()));
        let noting = tokio::spawn(note_visitors(hub.clone(), db, heartbeats));
        Self([seeing_off, closing, looking, noting].map(|it| it.abort_handle()).into())
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

fn clock(every: Duration) -> tokio::time::Interval {
    let mut clock = interval(every);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock
}

async fn see_off(hub: Arc<Hub>) {
    let mut clock = clock(EXPIRE_EVERY);
    loop {
        clock.tick().await;
        hub.expire(Instant::now());
    }
}

/// Rooms that are closed here are heard of at once.
async fn follow_closings(hub: Arc<Hub>, closings: Closings) {
    let mut closed = closings.follow();
    loop {
        match closed.recv().await {
            Ok(room) => hub.publish(News::Closed { room }),
            // Whatever was missed is found by looking.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

async fn look_at_rooms(hub: Arc<Hub>, db: Db) {
    let mut clock = clock(ROOMS_EVERY);
    loop {
        clock.tick().await;
        for rooms in hub.rooms_in_use().chunks(ROOMS_ABREAST) {
            for room in over(&db, rooms).await {
                hub.publish(News::Closed { room });
            }
        }
        hub.sweep(Instant::now());
    }
}

/// Which of these rooms are known to be over; a database that is away says nothing.
async fn over(db: &Db, rooms: &[RoomId]) -> Vec<RoomId> {
    let Ok(found) = manage::find_all(db, rooms).await else { return Vec::new() };
    let now = Utc::now();
    let open: HashSet<_> =
        found.iter().filter(|it| it.admits(now).is_ok()).map(|it| it.id).collect();
    rooms.iter().filter(|it| !open.contains(it)).copied().collect()
}

/// What the names begin with under which the web app shows visitors; the session follows, by which
/// they joined.
const OF_VISITORS: &str = "visitor_";

async fn note_visitors(hub: Arc<Hub>, db: Db, heartbeats: Heartbeats) {
    let mut clock = clock(SEEN_EVERY);
    loop {
        clock.tick().await;
        let mut visitors = hub.visitors();
        for (room, names) in hub.names(OF_VISITORS) {
            // Whom the database does not tell now it tells the next time.
            let present = visit::all_in(&db, room).await.unwrap_or_default();
            let shown = present
                .into_iter()
                .filter(|it| names.contains(&*format!("{OF_VISITORS}{}", it.session_id)));
            visitors.extend(shown.map(|it| it.id));
        }
        let noted = stream::iter(visitors).for_each_concurrent(NOTED_ABREAST, async |visitor| {
            // What is not noted now is noted the next time.
            let _ = heartbeats.commit((visitor, api::time::now())).await;
        });
        noted.await;
    }
}
