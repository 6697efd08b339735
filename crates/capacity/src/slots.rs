//! Concurrent requests, and queued ones (F10).
//!
//! Source: Little's law at the knee, as in Netflix's concurrency-limits.

use crate::quantities::{at_least, at_most};

/// The knee of a measured ramp: beyond it more users only wait longer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knee {
    /// Requests a second.
    pub rate: f64,
    /// Response time of each, in seconds.
    pub response: f64,
}

/// The limit relative to the concurrency at the knee, so that a gap in arrivals leaves no server idle.
const SLACK: f64 = 1.2;

/// The limit of concurrent requests (F10).
pub fn limit(knee: Knee) -> usize {
    at_least(SLACK * knee.rate * knee.response)
}

/// How long a request may wait in the queue and still meet the tightest objective, in seconds (F10).
pub fn wait_max(objective: f64, service_p95: f64) -> f64 {
    (objective - service_p95).max(0.0)
}

/// The length of the queue: as many requests as are served within that wait (F10).
pub fn queue(wait_max: f64, knee: Knee) -> usize {
    at_most(wait_max * knee.rate)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::quantities::real;

    #[test]
    fn a_limit_is_the_concurrency_at_the_knee_and_a_fifth() {
        let knee = Knee { rate: 391.0, response: 0.0205 };
        assert_eq!(limit(knee), 10);
        assert_eq!(queue(wait_max(0.5, 0.04), knee), 179);
        assert_eq!(queue(wait_max(0.01, 0.04), knee), 0);
    }

    proptest! {
        #[test]
        fn the_last_request_of_a_full_queue_is_served_in_time(
            rate in 0.1..1e5_f64, response in 1e-5..1.0_f64, objective in 0.01..5.0_f64,
        ) {
            let knee = Knee { rate, response };
            let wait = wait_max(objective, response);
            prop_assert!(real(queue(wait, knee)) / rate <= wait + 1e-6);
            prop_assert!(real(limit(knee)) >= rate * response);
        }
    }
}
