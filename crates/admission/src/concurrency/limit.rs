//! The limit itself: slots shared by all threads of the server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use thiserror::Error;
use timings::{Wait, timed};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::figures::Figures;
use super::priority::Priority;
use super::slots::Slots;

/// The slots for requests. Cloning shares them.
#[derive(Clone)]
pub struct ConcurrencyLimit(Arc<Shared>);

struct Shared {
    slots: Mutex<Slots<Slot>>,
    wait_max: Duration,
    figures: Figures,
}

/// A slot, returned when it is dropped.
pub struct Slot {
    pub(super) limit: ConcurrencyLimit,
    pub(super) priority: Priority,
    pub(super) since: Instant,
}

/// The request cannot be begun in time; a retry makes sense after `retry_after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the service is busy")]
pub struct ServerBusy {
    /// The time after which the present queue has been served.
    pub retry_after: Duration,
}

impl ConcurrencyLimit {
    /// Slots and queue of the sizes in the settings.
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

    /// Waits for a slot. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// When no slot came free in time, or the queue is full.
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

    /// Gives free slots to waiting requests.
    fn serve(&self) {
        while let Some((priority, turn)) = self.next() {
            // A slot whose caller has just gone comes back here, and serves the next when it is dropped.
            let _ = turn.send(self.slot(priority));
        }
    }

    fn next(&self) -> Option<(Priority, oneshot::Sender<Slot>)> {
        self.slots().next(Instant::now())
    }

    pub(super) fn slots(&self) -> MutexGuard<'_, Slots<Slot>> {
        self.0.slots.lock()
    }

    /// Updates the gauges of slots and queue.
    pub fn measure(&self) {
        let slots = self.slots();
        self.0.figures.measure(|priority| (slots.taken(priority), slots.waiting(priority)));
    }
}

impl Slot {
    /// Returns the slot unused, because the client has gone.
    pub(super) fn pass_over(self) -> ServerBusy {
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
