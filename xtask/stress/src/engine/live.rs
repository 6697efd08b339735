//! What others may know of a load while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::statistics::real;
use crate::tally::Outcome;

/// How often the requests under way are counted.
const EVERY: Duration = Duration::from_millis(5);

/// Counters of a load.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) in_flight: AtomicUsize,
    pub(crate) succeeded: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) dropped: AtomicU64,
    measuring: AtomicBool,
}

/// Requests under way, as somebody saw them who looked now and then.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sampled {
    pub(crate) mean: f64,
    pub(crate) looks: u64,
}

impl Live {
    pub(crate) fn count(&self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Success => &self.succeeded,
            Outcome::Refused { .. } => &self.refused,
            Outcome::Failed(_) => &self.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn drop_arrival(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Warming up is over.
    pub(super) fn begin(&self) {
        self.measuring.store(true, Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        self.measuring.store(false, Ordering::Relaxed);
    }
}

/// Looks at the requests under way until it is dropped by its task's end; `sampled` has the result.
pub(crate) async fn sample(live: Arc<Live>, sampled: Arc<std::sync::Mutex<Sampled>>) {
    let mut sum = 0;
    for looks in 1.. {
        while !live.measuring.load(Ordering::Relaxed) {
            tokio::time::sleep(EVERY).await;
        }
        sum += live.in_flight.load(Ordering::Relaxed) as u64;
        if let Ok(mut sampled) = sampled.lock() {
            *sampled = Sampled { mean: real(sum) / real(looks), looks };
        }
        tokio::time::sleep(EVERY).await;
    }
}
