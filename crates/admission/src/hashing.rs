//! The lane where passwords are hashed: few threads, and a queue as long as people wait.
//!
//! A hash takes tens of milliseconds of a core, ten thousand times what a save takes. So hashes have
//! threads of their own, which the operating system runs when nobody else wants the core, and a
//! caller whose wait would be longer than people wait is refused before anything is hashed.
//!
//! First come is first served. Everybody may wait equally long, so the first has the earliest
//! deadline; and nobody who is taken in waits in vain, which serving the newest first would do to
//! those who were promised their turn. Who has gone away, or waited too long after all, is passed over.

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
    /// The wait would be longer than anybody waits, or turned out to be.
    #[error("the hashing queue is full")]
    Full {
        /// When those who wait now will have had their turn.
        retry_after: Duration,
    },
    /// The work itself panicked.
    #[error("hashing was broken off")]
    Broken,
}

impl HashingLane {
    /// A lane with threads of its own, which end when its last clone is dropped.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn start(settings: &settings::Hashing) -> io::Result<Self> {
        Ok(Self {
            threads: Threads::start(settings.threads)?,
            queue: Arc::new(Queue::of(settings)),
            figures: Figures::new(),
        })
    }

    /// Does the work when its turn comes.
    ///
    /// A caller that goes away while waiting leaves the queue; work that has begun is finished.
    ///
    /// # Errors
    /// At once and before any work, when the wait would be too long; or later, when it was after all.
    pub async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, HashingRefused> {
        let Some(place) = QueuePlace::if_free(&self.queue) else { return Err(self.refuse()) };
        let until = Instant::now() + self.queue.wait_max();
        self.wait_for(work, place, Some(until)).await
    }

    /// Does the work when its turn comes, however long the queue is.
    ///
    /// For the few callers that bring their own bound, such as an administrator's batch.
    ///
    /// # Errors
    /// When the work panics.
    pub async fn run_unbounded<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, HashingRefused> {
        self.wait_for(work, QueuePlace::unconditionally(&self.queue), None).await
    }

    /// How many pieces of work run at the same time.
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
            // The caller may have gone while the work was done.
            let _ = caller.send(outcome.map_err(|_| HashingRefused::Broken));
        });
        // Who is passed over while still there has waited too long.
        wait_without_slot(timed(Wait::Hash, answer)).await.unwrap_or_else(|_| Err(self.refuse()))
    }

    fn refuse(&self) -> HashingRefused {
        self.figures.refused();
        HashingRefused::Full { retry_after: self.queue.wait() }
    }
}

#[cfg(test)]
mod tests;
