//! The parts of realtime that the whole process shares.

use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::Auth;
use database::Db;
use rooms::{Directory, EndedRooms, Heartbeats};
use tokio::time::timeout;
use tracing::warn;

use crate::authorizer::Authorizer;
use crate::handovers::{self, Handovers};
use crate::hub::Hub;
use crate::maintenance::{Maintenance, save_all_moves};
use crate::saved_cards::SavedTables;
use crate::worker::Worker;

/// The parts of realtime that the whole process shares. Cloning shares them.
#[derive(Clone)]
pub struct Realtime {
    /// The channels.
    pub hub: Arc<Hub>,
    /// Authorizes their use.
    pub authorizer: Arc<Authorizer>,
    handovers: Arc<Handovers>,
    tables: Arc<dyn SavedTables>,
}

impl Realtime {
    /// No channels yet.
    pub fn new(
        settings: &settings::Settings,
        auth: Auth,
        directory: Directory,
        tables: Arc<dyn SavedTables>,
    ) -> Self {
        let hub = Arc::new(Hub::new(&settings.realtime));
        let origins = &settings.cors.origins;
        let handovers = Arc::new(Handovers::new(auth.db.clone()));
        let authorizer = Authorizer::new(&settings.realtime, origins, auth, directory);
        Self { hub, authorizer: Arc::new(authorizer), handovers, tables }
    }

    /// Starts the background tasks.
    pub fn maintain(&self, db: Db, heartbeats: Heartbeats, ended: &EndedRooms) -> Maintenance {
        Maintenance::start((&self.hub, &self.handovers, &self.tables), db, heartbeats, ended)
    }

    /// Stores the presence for the next process, and closes every socket, within `grace_period`. The presence
    /// is stored first, because clients may come back to the next process at once.
    pub async fn shut_down(&self, db: &Db, grace_period: Duration) {
        self.hub.begin_closing();
        let begin = Instant::now();
        if timeout(grace_period / 4, handovers::store_all(&self.hub, db)).await.is_err() {
            warn!("some presence was not handed over, because the time to stop was too short");
        }
        let sockets = grace_period.saturating_sub(begin.elapsed()) * 2 / 3;
        self.hub.close_all(sockets).await;
        let rest = grace_period.saturating_sub(begin.elapsed());
        if timeout(rest, save_all_moves(&self.hub, &*self.tables)).await.is_err() {
            warn!("some moves of visitors were not saved, because the time to stop was too short");
        }
    }

    /// The worker of the current thread of the server; to be called once on each.
    pub fn worker(&self) -> Worker {
        Worker::start(
            self.hub.clone(),
            self.authorizer.clone(),
            self.handovers.clone(),
            self.tables.clone(),
        )
    }
}
