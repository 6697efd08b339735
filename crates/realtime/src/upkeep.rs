//! What is done for the channels from time to time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use ids::RoomId;
use rooms::{Closings, Heartbeats, RoomError, manage, visit};
use store::Db;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::bus::{Bus as _, News};
use crate::hub::Hub;

/// How late somebody is seen off at most after the grace.
const EXPIRE_EVERY: Duration = Duration::from_millis(100);

/// How long a channel may outlive its room that was closed elsewhere, or whose time is over.
const ROOMS_EVERY: Duration = Duration::from_secs(5);

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
        for room in hub.rooms_in_use() {
            if is_over(&db, room).await {
                hub.publish(News::Closed { room });
            }
        }
        hub.sweep(Instant::now());
    }
}

/// Whether a room is known to be over; a database that is away says nothing.
async fn is_over(db: &Db, room: RoomId) -> bool {
    match manage::find(db, room).await {
        Ok(room) => room.admits(Utc::now()).is_err(),
        Err(error) => matches!(error, RoomError::NoSuchRoom),
    }
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
        for visitor in visitors {
            // What is not noted now is noted the next time.
            let _ = heartbeats.commit((visitor, api::time::now())).await;
        }
    }
}
