//! The lane in which passwords are hashed: a few threads with a low priority, and a queue bounded by time.
//!
//! A hash takes tens of milliseconds of a core, ten thousand times what a save takes. So hashes have
//! threads of their own, which the operating system runs when the core is otherwise idle, and a caller
//! whose wait would exceed the limit is refused before anything is hashed.
//!
//! The queue is first in, first out: all callers have the same time limit, so the first has the earliest
//! deadline, and a caller that was accepted is served. Callers that have gone, or have waited too long, are
//! skipped.

mod figures;
mod queue;
mod session;
mod threads;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;
use timings::{Wait, timed};
use tokio::sync::oneshot;

use crate::concurrency::without_slot::wait_without_slot;
use figures::Figures;
use queue::{Queue, QueuePlace};
use threads::Threads;

/// A lane with a fixed number of hashes at work and a bounded wait. Cloning shares it.
#[derive(Clone)]
pub struct HashingLane {
    threads: Threads,
    queue: Arc<Queue>,
    figures: Figures,
}

/// Why a hash was not computed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HashingRefused {
    /// The wait would exceed the limit, or did.
    #[error("the hashing queue is full")]
    Full {
        /// The time after which the present queue has been served.
        retry_after: Duration,
    },
    /// The work panicked.
    #[error("hashing was broken off")]
    Broken,
}

impl HashingLane {
    /// A lane with threads of its own, which end when its last clone is dropped.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(settings: &settings::Hashing) -> io::Result<Self> {
        Ok(Self {
            threads: Threads::start(settings.threads)?,
            queue: Arc::new(Queue::of(settings)),
            figures: Figures::new(),
        })
    }

    /// Runs the work when its turn comes.
    ///
    /// Dropping the future leaves the queue; work that has begun is finished.
    ///
    /// # Errors
    /// Before any work, when the wait would exceed the limit; or later, when it did.
    pub async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, HashingRefused> {
        let Some(place) = QueuePlace::if_free(&self.queue) else { return Err(self.refuse()) };
        let until = Instant::now() + self.queue.wait_max();
        self.wait_for(work, place, Some(until)).await
    }

    /// Runs the work when its turn comes, however long the queue is.
    ///
    /// For the few callers with a bound of their own, such as an administrator's batch.
    ///
    /// # Errors
    /// When the work panics.
    pub async fn run_unbounded<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, HashingRefused> {
        self.wait_for(work, QueuePlace::unconditionally(&self.queue), None).await
    }

    /// The number of hashes that are computed at the same time.
    pub fn concurrency(&self) -> usize {
        self.queue.threads()
    }

    async fn wait_for<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
        _place: QueuePlace,
        until: Option<Instant>,
    ) -> Result<R, HashingRefused> {
        let (caller, answer) = oneshot::channel();
        let (queue, figures, arrival) = (self.queue.clone(), self.figures.clone(), Instant::now());
        self.threads.give(move || {
            let start = Instant::now();
            if caller.is_closed() || until.is_some_and(|until| start > until) {
                return figures.passed_over();
            }
            figures.waited(start - arrival);
            let outcome = catch_unwind(AssertUnwindSafe(work));
            let time = start.elapsed();
            queue.learn(time);
            figures.hashed(time);
            // The caller may have gone meanwhile.
            let _ = caller.send(outcome.map_err(|_| HashingRefused::Broken));
        });
        // A caller that was skipped and is still here has waited too long.
        wait_without_slot(timed(Wait::Hash, answer)).await.unwrap_or_else(|_| Err(self.refuse()))
    }

    fn refuse(&self) -> HashingRefused {
        self.figures.refused();
        HashingRefused::Full { retry_after: self.queue.wait() }
    }
}

#[cfg(test)]
mod tests;
