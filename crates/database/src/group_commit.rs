//! Group commit: requests that arrive while a commit runs are committed together in the next transaction.
//!
//! A commit waits for the disk, and it waits as long for a hundred rows as for one. So frequent writes (a
//! [`GroupWriter`]) queue in a few [`Lanes`]. Each lane takes all waiting requests, commits them in one
//! transaction and answers every caller after that commit, never before. There is no timer: a request that
//! arrives alone is committed alone, at once. On PostgreSQL a group may be sent while the previous one
//! still commits ([`GroupWriter::prepare_ahead`]).
//!
//! Requests with the same [`GroupWriter::order`] share a lane and keep the order of their arrival. A group
//! has one [large](GroupWriter::is_large) request at most, and small ones pass those that wait. A full
//! queue refuses ([`DatabaseError::Full`]). A request that the database refuses fails alone, because its
//! group is halved until that request is isolated. A caller that goes away changes nothing for the others.
//! When the last handle of the lanes is dropped, they finish the waiting requests.

mod batch;
mod lane;
mod link;
mod metrics;
mod pipeline;
mod transaction;
mod waiting;
mod writer;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use futures::future::join_all;
use timings::{Wait, timed};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

pub use link::Link;
pub use writer::{GroupError, GroupWriter, Prepared};

use crate::db::Db;
use crate::error::DatabaseError;
use batch::Queued;
use lane::Lane;
use metrics::QueueMetrics;

/// The number of lanes, and the limits of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneLimits {
    /// Lanes that commit at the same time; 1 on SQLite, which has one writer.
    pub lanes: usize,
    /// Requests in the queue of one lane at most.
    pub queue: usize,
    /// Requests in one commit at most.
    pub group: usize,
}

impl LaneLimits {
    /// The limits of the settings, for the database that they name.
    pub fn of(settings: &settings::Database) -> Self {
        let lanes = match settings.url {
            settings::DatabaseUrl::Postgres(_) => settings.write_lanes,
            settings::DatabaseUrl::Sqlite(_) => 1,
        };
        Self { lanes, queue: settings.write_queue, group: settings.write_group }
    }
}

/// The lanes of one kind of write. Cloning shares them.
pub struct Lanes<W: GroupWriter> {
    queues: Arc<[mpsc::Sender<Queued<W>>]>,
    metrics: QueueMetrics,
}

/// Waits for the end of lanes, once all their handles are dropped. Dropping it stops no lane.
#[derive(Default)]
pub struct Drain(Vec<JoinHandle<()>>);

impl Drain {
    /// Waits until all lanes have committed their waiting requests.
    pub async fn finish(self) {
        // A lane that panicked has ended as well.
        join_all(self.0).await;
    }
}

impl<W: GroupWriter> Lanes<W> {
    /// Starts the lanes on `runtime`; `drain` waits for their end.
    pub fn start(
        writer: &W,
        db: &Db,
        limits: LaneLimits,
        runtime: &Handle,
        drain: &mut Drain,
    ) -> Self {
        let metrics = QueueMetrics::of(W::NAME);
        let queues = (0..limits.lanes).map(|_| {
            let (sender, queue) = mpsc::channel(limits.queue);
            let lane = Lane::new(writer.clone(), db.clone(), queue, limits.group);
            drain.0.push(runtime.spawn(lane.run()));
            sender
        });
        Self { queues: queues.collect(), metrics }
    }

    /// Commits a request together with other waiting ones; returns after the commit.
    ///
    /// # Errors
    /// When the queue is full, or the database did not commit the request.
    pub async fn commit(&self, request: W::Request) -> Result<W::Answer, DatabaseError> {
        let (caller, answer) = oneshot::channel();
        let order = order_of::<W>(&request);
        let queue = self.queue_of(order);
        // A closed queue refuses as a full one does.
        queue
            .try_send(Queued { request, order, caller })
            .map_err(|_| DatabaseError::Full(W::NAME))?;
        self.metrics.record_depth(queue.max_capacity() - queue.capacity());
        timed(Wait::Commit, answer).await.unwrap_or(Err(DatabaseError::InDoubt))
    }

    /// Requests in the queues of all lanes.
    pub fn waiting(&self) -> usize {
        self.queues.iter().map(|it| it.max_capacity() - it.capacity()).sum()
    }

    /// Requests that the queues of all lanes can hold.
    pub fn capacity(&self) -> usize {
        self.queues.iter().map(mpsc::Sender::max_capacity).sum()
    }

    fn queue_of(&self, order: u64) -> &mpsc::Sender<Queued<W>> {
        let lanes = self.queues.len() as u64;
        let lane = usize::try_from(order % lanes).unwrap_or_default();
        &self.queues[lane]
    }
}

/// A hash of a request's ordering key.
fn order_of<W: GroupWriter>(request: &W::Request) -> u64 {
    let mut hasher = DefaultHasher::new();
    W::order(request).hash(&mut hasher);
    hasher.finish()
}

impl<W: GroupWriter> Clone for Lanes<W> {
    fn clone(&self) -> Self {
        Self { queues: self.queues.clone(), metrics: self.metrics.clone() }
    }
}
