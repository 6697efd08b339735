//! The length of the queue, in callers and in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use metrics::{Gauge, gauge};

/// The assumed cost of a hash before the first was measured: bcrypt 12 on a slow core.
const INITIAL_COST: Duration = Duration::from_millis(250);

/// A new measurement has a weight of one eighth: one outlier moves the estimate little, and a change of
/// load shows within seconds.
const WEIGHT: u64 = 8;

/// One part in this many of the longest wait is reserved for hashes that cost more than the estimate, so
/// that a caller that was accepted is served.
const RESERVE: u32 = 5;

/// The callers in the lane, and the expected wait.
pub(super) struct Queue {
    threads: usize,
    length_max: usize,
    wait_max: Duration,
    /// Callers that wait or are being served.
    callers: AtomicUsize,
    /// Moving average of the cost of a hash, in nanoseconds; 0 before the first.
    cost: AtomicU64,
    depth: Gauge,
}

impl Queue {
    pub(super) fn of(settings: &settings::Hashing) -> Self {
        Self {
            threads: settings.threads,
            length_max: settings.queue,
            wait_max: Duration::from_millis(settings.wait_max_ms),
            callers: AtomicUsize::new(0),
            cost: AtomicU64::new(0),
            depth: gauge!("cardroom_hashing_queue_depth"),
        }
    }

    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    pub(super) fn wait_max(&self) -> Duration {
        self.wait_max
    }

    /// Adds the cost of a hash to the average.
    pub(super) fn learn(&self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1);
        let learn = |cost: u64| match cost {
            0 => Some(time),
            cost => Some((cost - cost / WEIGHT).saturating_add(time / WEIGHT).max(1)),
        };
        // Never fails, because the closure always gives a value.
        let _ = self.cost.fetch_update(Relaxed, Relaxed, learn);
    }

    /// The expected wait of a caller that came now.
    pub(super) fn wait(&self) -> Duration {
        self.wait_behind(self.callers.load(Relaxed))
    }

    fn wait_behind(&self, callers: usize) -> Duration {
        let cost = match self.cost.load(Relaxed) {
            0 => INITIAL_COST,
            nanos => Duration::from_nanos(nanos),
        };
        // With all threads busy, a turn comes when one of them is done.
        let turns = (callers + 1).saturating_sub(self.threads);
        let turns = u32::try_from(turns).unwrap_or(u32::MAX);
        cost.saturating_mul(turns) / u32::try_from(self.threads).unwrap_or(u32::MAX).max(1)
    }

    fn has_place_behind(&self, callers: usize) -> bool {
        let waiting = callers.saturating_sub(self.threads);
        let is_short = callers < self.threads || waiting < self.length_max;
        is_short
            && self.wait_behind(callers) <= self.wait_max.saturating_sub(self.wait_max / RESERVE)
    }
}

/// The place of a caller in the lane, given up when it is dropped.
pub(super) struct QueuePlace(Arc<Queue>);

impl QueuePlace {
    /// A place, if the queue is not full.
    pub(super) fn if_free(queue: &Arc<Queue>) -> Option<Self> {
        let enter = |callers| queue.has_place_behind(callers).then_some(callers + 1);
        queue.callers.fetch_update(Relaxed, Relaxed, enter).ok()?;
        Some(Self::taken(queue))
    }

    /// A place, whether the queue is full or not.
    pub(super) fn unconditionally(queue: &Arc<Queue>) -> Self {
        queue.callers.fetch_add(1, Relaxed);
        Self::taken(queue)
    }

    fn taken(queue: &Arc<Queue>) -> Self {
        queue.depth.increment(1);
        Self(Arc::clone(queue))
    }
}

impl Drop for QueuePlace {
    fn drop(&mut self) {
        self.0.callers.fetch_sub(1, Relaxed);
        self.0.depth.decrement(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn queue(threads: usize, queue: usize, wait_max_ms: u64) -> Arc<Queue> {
        Arc::new(Queue::of(&settings::Hashing { threads, queue, wait_max_ms }))
    }

    fn enter_all(queue: &Arc<Queue>) -> Vec<QueuePlace> {
        std::iter::from_fn(|| QueuePlace::if_free(queue)).collect()
    }

    #[test]
    fn as_many_are_accepted_as_are_served_in_time() {
        let queue = queue(2, 10_000, 1000);
        queue.learn(Duration::from_millis(50));
        let places = enter_all(&queue);
        assert_eq!(places.len(), 2 + 32, "two at work, and the last of 32 waits for 0.8 s");
        assert_eq!(queue.wait(), Duration::from_millis(825));
        drop(places);
        assert_eq!(queue.wait(), Duration::ZERO);
    }

    #[test]
    fn the_number_of_waiting_callers_is_bounded_however_quick_a_hash_is() {
        let queue = queue(2, 3, 60_000);
        queue.learn(Duration::from_nanos(1));
        assert_eq!(enter_all(&queue).len(), 5);
    }

    #[test]
    fn an_unconditional_place_is_never_refused_but_counts() {
        let queue = queue(1, 1, 60_000);
        let places: Vec<_> = (0..5).map(|_| QueuePlace::unconditionally(&queue)).collect();
        assert!(QueuePlace::if_free(&queue).is_none());
        drop(places);
        assert!(QueuePlace::if_free(&queue).is_some());
    }

    #[test]
    fn the_first_measurement_is_the_estimate_and_later_ones_move_it_slowly() {
        let queue = queue(1, 1, 1000);
        let wait = |queue: &Queue| queue.wait_behind(1);
        assert_eq!(wait(&queue), INITIAL_COST);
        queue.learn(Duration::from_millis(80));
        assert_eq!(wait(&queue), Duration::from_millis(80));
        queue.learn(Duration::from_millis(160));
        assert_eq!(wait(&queue), Duration::from_millis(90));
        for _ in 0..100 {
            queue.learn(Duration::from_millis(160));
        }
        assert!(wait(&queue).abs_diff(Duration::from_millis(160)) < Duration::from_millis(1));
    }

    proptest! {
        #[test]
        fn no_caller_is_accepted_that_would_wait_too_long(
            threads in 1_usize..9, most in 0_usize..200, wait_max_ms in 1_u64..5000, cost in 1_u64..500,
        ) {
            let queue = queue(threads, most, wait_max_ms);
            queue.learn(Duration::from_millis(cost));
            let taken = enter_all(&queue).len();
            let waiting = taken.saturating_sub(threads);
            prop_assert!(waiting <= most);
            let wait = Duration::from_millis(cost) * u32::try_from(waiting).unwrap()
                / u32::try_from(threads).unwrap();
            prop_assert!(wait <= Duration::from_millis(wait_max_ms));
        }
    }
}
