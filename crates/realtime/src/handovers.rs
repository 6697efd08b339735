//! Handing presence over from one process to the next, through the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::Utc;
use database::{DatabaseError, Db};
use futures::{StreamExt as _, stream};
use ids::RoomId;
use tokio::sync::OnceCell;
use tracing::{info, warn};

use crate::handover::Handover;
use crate::hub::Hub;
use crate::store::{self, HandoverRow};

/// Rooms that are stored at the same time.
const CONCURRENCY: usize = 4;

/// Takes the presence of each room that an earlier process has stored, once, before the first join.
pub(crate) struct Handovers {
    db: Db,
    /// The rooms whose presence was taken, or is being taken.
    taken: Mutex<HashMap<RoomId, Arc<OnceCell<()>>>>,
}

impl Handovers {
    /// Nothing taken yet.
    pub(crate) fn new(db: Db) -> Self {
        Self { db, taken: Mutex::default() }
    }

    /// Shows the presence of a room that an earlier process has stored, if its channels begin here now. All
    /// joins of the room wait for it. A failing database is not waited for: the next join tries again.
    pub(crate) async fn take(&self, hub: &Hub, room: RoomId) {
        let cell = self.lock().entry(room).or_default().clone();
        let outcome = cell.get_or_try_init(|| self.take_now(hub, room)).await;
        if let Err(error) = outcome {
            warn!(room.id = %room, error = %error, "the presence of room {room} was not taken over: {error}");
        }
    }

    async fn take_now(&self, hub: &Hub, room: RoomId) -> Result<(), DatabaseError> {
        if self.db.read_one(store::exists(room)).await?.is_none() {
            return Ok(());
        }
        // Of several processes one takes it.
        if let Some((text, stored_at)) = self.db.write_one(store::take(room)).await?
            && let Some(handover) = Handover::read(&text, stored_at.utc(), Utc::now())
        {
            hub.restore(handover, Instant::now());
        }
        Ok(())
    }

    /// Forgets the rooms without channels: another process may store their presence again.
    pub(crate) fn sweep(&self, hub: &Hub) {
        self.lock().retain(|room, cell| !cell.initialized() || hub.has_channels(*room));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Arc<OnceCell<()>>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stores the presence of all rooms for the next process, and deletes what no process took in time.
pub(crate) async fn store_all(hub: &Hub, db: &Db) {
    let now = Utc::now();
    let rows = hub.handovers().into_iter().map(|(room_id, presence)| HandoverRow {
        room_id,
        presence,
        stored_at: now.into(),
    });
    let rows: Vec<_> = rows.collect();
    let count = rows.len();
    let stored = stream::iter(rows).map(async |row| db.write(store::store(&row)).await);
    let failed = stored.buffer_unordered(CONCURRENCY).filter_map(async |it| it.err()).count().await;
    if failed > 0 {
        warn!(failed, "the presence of {failed} rooms was not handed over");
    }
    if count > failed {
        info!(rooms = count - failed, "the presence of {} rooms was handed over", count - failed);
    }
}

/// Deletes the stored presence that no process took in time.
///
/// # Errors
/// When the database fails.
pub async fn delete_old_handovers(db: &Db) -> Result<(), DatabaseError> {
    db.write(store::delete_older(Handover::oldest(Utc::now()))).await.map(drop)
}
