//! How many requests are worked on at the same time.
//!
//! More at once than the machine can do makes everyone slower and nothing faster. So there are
//! slots ([`ConcurrencyLimit`]); who finds none waits a short while, by [`Priority`], and is told to
//! come again when that was too long or too many wait already.
//!
//! A queue that makes people wait for long is served newest first: those who came last can still be
//! answered while they wait, those who came first have given up or are about to. Serving the oldest
//! first would make everybody late by the whole length of the queue.

mod client;
mod figures;
mod layer;
mod priority;
mod slots;
pub(crate) mod without_slot;

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use thiserror::Error;
use timings::{Wait, timed};
use tokio::sync::oneshot;
use tokio::time::timeout;

pub use client::{Client, watch_client};
pub use layer::admit;
pub use priority::{Priorities, Priority, is_watching};

use figures::Figures;
use slots::Slots;

/// The slots for requests. Cloning shares them.
#[derive(Clone)]
pub struct ConcurrencyLimit(Arc<Shared>);

struct Shared {
    slots: Mutex<Slots>,
    wait_max: Duration,
    figures: Figures,
}

/// The right to be worked on, until it is dropped.
pub struct Slot {
    limit: ConcurrencyLimit,
    priority: Priority,
    since: Instant,
}

/// Nobody can begin this request in time: try again after this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the service is busy")]
pub struct ServerBusy {
    /// When those who wait now will have had their turn.
    pub retry_after: Duration,
}

impl ConcurrencyLimit {
    /// As many slots and places to wait as the settings say.
    pub fn new(settings: &settings::Admission) -> Self {
        Self(Arc::new(Shared {
            slots: Mutex::new(Slots::new(settings.requests, settings.queue)),
            wait_max: Duration::from_millis(settings.wait_max_ms),
            figures: Figures::new(),
        }))
    }

    /// Takes a slot, if one is free.
    pub fn enter(&self, priority: Priority) -> Option<Slot> {
        let is_free = self.slots().take(priority);
        is_free.then(|| self.slot(priority))
    }

    /// Waits for a slot. A caller that goes away meanwhile leaves the queue.
    ///
    /// # Errors
    /// When none came free in time, or too many wait already.
    pub async fn wait(&self, priority: Priority) -> Result<Slot, ServerBusy> {
        let arrival = Instant::now();
        let Some(turn) = self.slots().wait(priority, arrival) else {
            return Err(self.refuse(priority));
        };
        // A slot may have come free before the place in the queue was taken.
        self.serve();
        let slot = timed(Wait::Slot, timeout(self.0.wait_max, turn)).await;
        self.0.figures.waited(arrival.elapsed());
        slot.ok().and_then(Result::ok).ok_or_else(|| self.refuse(priority))
    }

    fn refuse(&self, priority: Priority) -> ServerBusy {
        self.0.figures.refused(priority);
        ServerBusy { retry_after: self.slots().wait_time() }
    }

    /// A slot that is counted already.
    fn slot(&self, priority: Priority) -> Slot {
        Slot { limit: self.clone(), priority, since: Instant::now() }
    }

    /// Gives free slots to those who wait.
    fn serve(&self) {
        while let Some((priority, turn)) = self.next() {
            // One that comes back because its caller has just gone serves the others when it is dropped.
            let _ = turn.send(self.slot(priority));
        }
    }

    fn next(&self) -> Option<(Priority, oneshot::Sender<Slot>)> {
        self.slots().next(Instant::now())
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.0.slots.lock()
    }

    /// Puts the slots and the queue at this moment among the metrics.
    pub fn measure(&self) {
        let slots = self.slots();
        self.0.figures.measure(|priority| (slots.taken(priority), slots.waiting(priority)));
    }
}

impl Slot {
    /// Gives the slot back unused, because nobody would read the answer.
    fn pass_over(self) -> ServerBusy {
        self.limit.0.figures.passed_over();
        ServerBusy { retry_after: Duration::ZERO }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.limit.slots().leave(self.priority, self.since.elapsed());
        self.limit.serve();
    }
}

#[cfg(test)]
mod tests;
