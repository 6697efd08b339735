//! Background tasks: expiration of presence, end of closed rooms, heartbeats of visitors.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use database::Db;
use futures::{StreamExt as _, stream};
use ids::RoomId;
use rooms::{EndedRooms, Heartbeats, RoomEnded, manage, visit};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::bus::{Bus as _, RoomEvent};
use crate::channel::Channel;
use crate::handovers::Handovers;
use crate::hub::Hub;
use crate::saved_cards::SavedTables;

/// How late presence expires at most.
const EXPIRE_INTERVAL: Duration = Duration::from_millis(100);

/// How long a channel may outlive its room that was closed by another process, or that expired.
const ROOMS_INTERVAL: Duration = Duration::from_secs(5);

/// How late moves of visitors are saved at most.
const SAVE_INTERVAL: Duration = Duration::from_millis(500);

/// Largest number of channels whose moves are saved at the same time.
const SAVE_CONCURRENCY: usize = 16;

/// How often channels are evicted that are not needed any more.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Largest number of rooms in one query.
const ROOMS_PER_QUERY: usize = 500;

/// Largest number of concurrent heartbeats: together they are one commit.
const HEARTBEAT_CONCURRENCY: usize = 256;

/// How often present visitors are marked as seen.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(10);

/// Prefix of the presence keys of visitors in the web app; the session id of their join follows.
const VISITOR_KEY_PREFIX: &str = "visitor_";

/// The background tasks; dropping it stops them.
pub struct Maintenance(Vec<AbortHandle>);

impl Maintenance {
    /// Starts the tasks.
    pub(crate) fn start(
        (hub, handovers, tables): (&Arc<Hub>, &Arc<Handovers>, &Arc<dyn SavedTables>),
        db: Db,
        heartbeats: Heartbeats,
        ended: &EndedRooms,
    ) -> Self {
        let tasks = [
            tokio::spawn(expire_presence(hub.clone())),
            tokio::spawn(save_visitor_moves(hub.clone(), tables.clone())),
            tokio::spawn(sweep(hub.clone(), handovers.clone())),
            tokio::spawn(follow_ended_rooms(hub.clone(), ended.clone())),
            tokio::spawn(report_ended_rooms(hub.clone(), db.clone(), ended.clone())),
            tokio::spawn(send_heartbeats(hub.clone(), db, heartbeats)),
        ];
        Self(tasks.map(|it| it.abort_handle()).into())
    }
}

impl Drop for Maintenance {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

fn clock(period: Duration) -> tokio::time::Interval {
    let mut clock = interval(period);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock
}

async fn expire_presence(hub: Arc<Hub>) {
    let mut clock = clock(EXPIRE_INTERVAL);
    loop {
        clock.tick().await;
        hub.expire(Instant::now());
    }
}

/// Ends the channels of rooms that have ended. Those that this process closes are published at once.
async fn follow_ended_rooms(hub: Arc<Hub>, ended: EndedRooms) {
    let mut ended = ended.subscribe();
    loop {
        match ended.recv().await {
            Ok(RoomEnded { room, reason }) => {
                hub.publish(RoomEvent::Closed { room, reason });
            }
            // `report_ended_rooms` finds the missed ones.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

async fn report_ended_rooms(hub: Arc<Hub>, db: Db, ended_rooms: EndedRooms) {
    let mut clock = clock(ROOMS_INTERVAL);
    loop {
        clock.tick().await;
        for rooms in hub.rooms_in_use().chunks(ROOMS_PER_QUERY) {
            for found in ended(&db, rooms).await {
                ended_rooms.report(found);
            }
        }
    }
}

async fn save_visitor_moves(hub: Arc<Hub>, tables: Arc<dyn SavedTables>) {
    let mut clock = clock(SAVE_INTERVAL);
    loop {
        clock.tick().await;
        let now = Instant::now();
        let due = stream::iter(std::iter::from_fn(|| hub.next_unsaved(Some(now))));
        let saved = due.for_each_concurrent(SAVE_CONCURRENCY, async |channel| {
            if !save_moves(&*tables, &channel).await {
                hub.schedule_save(&channel, channel.put_back_unsaved(Instant::now()));
            }
        });
        saved.await;
    }
}

/// Saves the moves of visitors of all channels, because the process shuts down.
pub(crate) async fn save_all_moves(hub: &Hub, tables: &dyn SavedTables) {
    let all = stream::iter(std::iter::from_fn(|| hub.next_unsaved(None)));
    let saved = all.for_each_concurrent(SAVE_CONCURRENCY, async |channel| {
        let _ = save_moves(tables, &channel).await;
    });
    saved.await;
}

/// Saves the moves of visitors in a channel. Returns whether it is done.
async fn save_moves(tables: &dyn SavedTables, channel: &Channel) -> bool {
    let moves = channel.take_unsaved();
    match channel.topic.game() {
        Some(game) if !moves.is_empty() => tables.save(channel.topic.room(), game, moves).await,
        _ => true,
    }
}

/// Evicts what is not needed any more.
async fn sweep(hub: Arc<Hub>, handovers: Arc<Handovers>) {
    let mut clock = clock(SWEEP_INTERVAL);
    loop {
        clock.tick().await;
        hub.sweep(Instant::now());
        handovers.sweep(&hub);
    }
}

/// The rooms among these that have ended; none while the database is unavailable.
async fn ended(db: &Db, rooms: &[RoomId]) -> Vec<RoomEnded> {
    manage::ended(db, rooms, Utc::now()).await.unwrap_or_default()
}

async fn send_heartbeats(hub: Arc<Hub>, db: Db, heartbeats: Heartbeats) {
    let mut clock = clock(HEARTBEAT_INTERVAL);
    loop {
        clock.tick().await;
        let mut visitors = hub.visitors();
        for (room, keys) in hub.presence_keys(VISITOR_KEY_PREFIX) {
            // When the query fails, the next heartbeat marks these visitors.
            let joined = visit::present(&db, room).await.unwrap_or_default();
            let present = joined
                .into_iter()
                .filter(|it| keys.contains(&*format!("{VISITOR_KEY_PREFIX}{}", it.session_id)));
            visitors.extend(present.map(|it| it.id));
        }
        let sent = stream::iter(visitors).for_each_concurrent(HEARTBEAT_CONCURRENCY, async |it| {
            // When a heartbeat fails, the next one marks the visitor.
            let _ = heartbeats.commit((it, values::time::now())).await;
        });
        sent.await;
    }
}
