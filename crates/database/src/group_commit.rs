//! Group commit: requests that arrive while a commit runs leave together in the next one.
//!
//! A commit waits for the disk, and it waits as long for a hundred rows as for one. So writes that
//! come in numbers ([`Work`]) queue in a few [`Lanes`]; each lane takes all that waits, commits it
//! in one transaction and answers everybody after that commit, never before. There is no timer:
//! a request that comes alone leaves alone, at once. On PostgreSQL a group may be on its way while the
//! one before it still commits ([`Work::foresee`]).
//!
//! Requests with the same [`Work::order`] share a lane and keep the order in which they came. A
//! queue that is full refuses ([`DatabaseError::Full`]); a request that the database refuses fails
//! alone, because its group is split until it stands by itself; a caller that went away changes
//! nothing for the others. When the last handle of the lanes is dropped they finish what waits.

mod figures;
mod lane;
mod link;
mod pipeline;
mod work;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use futures::future::join_all;
use timings::{Wait, timed};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

pub use link::Link;
pub use work::{Foreseen, Setback, Work};

use crate::{DatabaseError, Db};
use figures::QueueFigures;
use lane::{Lane, Waiting};

/// How many lanes there are, and how much each of them takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneLimits {
    /// Lanes that commit at the same time; SQLite has one writer and so takes one.
    pub lanes: usize,
    /// Requests that wait in one lane at most.
    pub queue: usize,
    /// Requests in one commit at most.
    pub group: usize,
}

impl LaneLimits {
    /// The limits that the settings give, for the database that they name.
    pub fn of(settings: &settings::Database) -> Self {
        let lanes = match settings.url {
            settings::DatabaseUrl::Postgres(_) => settings.write_lanes,
            settings::DatabaseUrl::Sqlite(_) => 1,
        };
        Self { lanes, queue: settings.write_queue, group: settings.write_group }
    }
}

/// The lanes of one kind of work. Cloning shares them.
pub struct Lanes<W: Work> {
    queues: Arc<[mpsc::Sender<Waiting<W>>]>,
    figures: QueueFigures,
}

/// The lanes as their owner sees them: to be awaited when everybody else let go of them. Dropping it
/// stops none of them.
#[derive(Default)]
pub struct Drain(Vec<JoinHandle<()>>);

impl Drain {
    /// Waits until all lanes have committed what waited in them.
    pub async fn finish(self) {
        // A lane that panicked is at its end, too.
        join_all(self.0).await;
    }
}

impl<W: Work> Lanes<W> {
    /// Starts the lanes on `runtime`; `drain` waits for their end.
    pub fn start(
        work: &W,
        db: &Db,
        limits: LaneLimits,
        runtime: &Handle,
        drain: &mut Drain,
    ) -> Self {
        let figures = QueueFigures::of(W::NAME);
        let queues = (0..limits.lanes).map(|_| {
            let (sender, queue) = mpsc::channel(limits.queue);
            let lane = Lane::new(work.clone(), db.clone(), queue, limits.group);
            drain.0.push(runtime.spawn(lane.run()));
            sender
        });
        Self { queues: queues.collect(), figures }
    }

    /// Commits a request, together with others that wait; answers after the commit.
    ///
    /// # Errors
    /// When the queue is full, or the database did not carry the request out.
    pub async fn commit(&self, request: W::Request) -> Result<W::Answer, DatabaseError> {
        let (caller, answer) = oneshot::channel();
        let queue = self.queue_of(&request);
        // A queue that is closed takes nothing in either.
        queue.try_send(Waiting { request, caller }).map_err(|_| DatabaseError::Full(W::NAME))?;
        self.figures.depth(queue.max_capacity() - queue.capacity());
        timed(Wait::Commit, answer).await.unwrap_or(Err(DatabaseError::InDoubt))
    }

    /// Requests that wait in the lanes at this moment.
    pub fn waiting(&self) -> usize {
        self.queues.iter().map(|it| it.max_capacity() - it.capacity()).sum()
    }

    /// Requests that may wait in the lanes, all together.
    pub fn capacity(&self) -> usize {
        self.queues.iter().map(mpsc::Sender::max_capacity).sum()
    }

    fn queue_of(&self, request: &W::Request) -> &mpsc::Sender<Waiting<W>> {
        let mut hasher = DefaultHasher::new();
        W::order(request).hash(&mut hasher);
        let lanes = self.queues.len() as u64;
        let lane = usize::try_from(hasher.finish() % lanes).unwrap_or_default();
        &self.queues[lane]
    }
}

impl<W: Work> Clone for Lanes<W> {
    fn clone(&self) -> Self {
        Self { queues: self.queues.clone(), figures: self.figures.clone() }
    }
}
