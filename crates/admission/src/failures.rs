//! Rate limits of failures: successes are free, failures are counted.
//!
//! A failure is known only after the work, when other attempts may be in flight. So an attempt is admitted
//! before the work, which saves the work, and a failure is counted before it is answered: the one that
//! exceeds the limit is answered like one that was not admitted. A success is admitted once more before it
//! is answered, so that a limited client cannot tell a right guess from wrong ones.

use std::collections::HashMap;
use std::time::Duration;

use governor::RateLimiter;
use governor::clock::{Clock, DefaultClock, Reference};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use parking_lot::{Mutex, MutexGuard};

use crate::bucket::Bucket;
use crate::policy::{Limited, Policy};

/// A limit of failures.
pub(crate) struct Failures<C: Clock = DefaultClock> {
    policy: Policy,
    is_on: bool,
    meter: Meter<C>,
    blocked: Mutex<HashMap<Bucket, C::Instant>>,
    clock: C,
}

type Meter<C> = RateLimiter<Bucket, DashMapStateStore<Bucket>, C, StateInformationMiddleware>;

impl Failures {
    /// A limit that enforces `policy` when it is on.
    pub(crate) fn new(policy: Policy, is_on: bool) -> Self {
        Self::with_clock(policy, is_on, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Failures<C> {
    fn with_clock(policy: Policy, is_on: bool, clock: C) -> Self {
        let meter = RateLimiter::dashmap_with_clock(policy.quota, clock.clone());
        let meter = meter.with_middleware::<StateInformationMiddleware>();
        Self { policy, is_on, meter, blocked: Mutex::default(), clock }
    }

    /// Whether another failure would be allowed.
    pub(crate) fn admit(&self, bucket: Bucket) -> Result<(), Limited> {
        let until = self.blocked().get(&bucket).copied();
        let left = until.map_or(Duration::ZERO, |it| it.duration_since(self.clock.now()).into());
        if left.is_zero() { Ok(()) } else { Err(self.refusal(left)) }
    }

    /// Counts a failure.
    pub(crate) fn note(&self, bucket: Bucket) -> Result<(), Limited> {
        if !self.is_on {
            return Ok(());
        }
        match self.meter.check_key(&bucket) {
            Ok(left) if left.remaining_burst_capacity() > 0 => Ok(()),
            // It was the last one allowed for now.
            Ok(_) => {
                self.block(bucket, self.policy.quota.replenish_interval());
                Ok(())
            }
            Err(later) => {
                let wait = later.wait_time_from(self.clock.now());
                self.block(bucket, wait);
                Err(self.refusal(wait))
            }
        }
    }

    /// Refuses this bucket for the time `wait` at least.
    pub(crate) fn block(&self, bucket: Bucket, wait: Duration) {
        let until = self.clock.now() + wait.into();
        let mut blocked = self.blocked();
        let end = blocked.entry(bucket).or_insert(until);
        *end = (*end).max(until);
    }

    /// Evicts buckets that are admitted again.
    pub(crate) fn sweep(&self) {
        self.meter.retain_recent();
        self.meter.shrink_to_fit();
        let now = self.clock.now();
        let mut blocked = self.blocked();
        blocked.retain(|_, until| until.duration_since(now).as_u64() > 0);
        blocked.shrink_to_fit();
    }

    fn blocked(&self) -> MutexGuard<'_, HashMap<Bucket, C::Instant>> {
        self.blocked.lock()
    }

    fn refusal(&self, retry_after: Duration) -> Limited {
        Limited { policy: self.policy, retry_after }
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;
    use proptest::prelude::*;
    use settings::Rate;

    use super::*;
    use crate::bucket::Buckets;

    const INTERVAL: Duration = Duration::from_mins(1);

    fn failures(burst: u32) -> (Failures<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let policy = Policy::new("test", "test_limited", Rate::hourly(60, burst));
        (Failures::with_clock(policy, true, clock.clone()), clock)
    }

    #[test]
    fn after_the_last_allowed_failure_no_attempt_is_admitted_until_the_next_is_allowed() {
        let (failures, clock) = failures(2);
        let (one, other) = (Buckets::default().of(1), Buckets::default().of(2));
        assert_eq!(failures.note(one), Ok(()));
        assert_eq!(failures.admit(one), Ok(()));
        assert_eq!(failures.note(one), Ok(()));
        assert_eq!(failures.admit(one).unwrap_err().retry_after, INTERVAL);
        assert!(failures.note(one).is_err());
        assert_eq!(failures.admit(other), Ok(()));

        clock.advance(INTERVAL);
        assert_eq!(failures.admit(one), Ok(()));
        assert_eq!(failures.note(one), Ok(()));
        assert!(failures.admit(one).is_err());
    }

    #[test]
    fn a_client_that_is_admitted_again_is_evicted() {
        let (failures, clock) = failures(1);
        for n in 0..1000 {
            let _ = failures.note(Buckets::default().of(n));
        }
        clock.advance(INTERVAL * 2);
        failures.sweep();
        assert_eq!((failures.meter.len(), failures.blocked().len()), (0, 0));
    }

    proptest! {
        /// GCRA: in any time there are not more than the burst, and one more for each interval.
        #[test]
        fn no_more_failures_are_revealed_than_allowed(
            burst in 1_u32..20,
            waits in prop::collection::vec(0_u64..100, 1..200),
        ) {
            let (failures, clock) = failures(burst);
            let bucket = Buckets::default().of(1);
            let (mut revealed, mut passed) = (0, 0);
            for wait in waits {
                clock.advance(Duration::from_secs(wait));
                passed += wait;
                if failures.admit(bucket).is_ok() && failures.note(bucket).is_ok() {
                    revealed += 1;
                }
                prop_assert!(revealed <= u64::from(burst) + passed / INTERVAL.as_secs());
            }
        }
    }
}
