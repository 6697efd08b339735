//! How many threads hash passwords, and how many log-ins they sustain (F8, F14).
//!
//! Measured, not computed from cores: on shared machines two threads may reach 1.14 times the rate of one.

use crate::quantities::{P95, TARGET_USE, at_least, real};

/// The measured rate of a number of threads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Threads that hashed at the same time.
    pub threads: usize,
    /// Hashes a second, of all threads together.
    pub rate: f64,
}

/// Smallest gain that justifies another thread: less is noise.
const WORTH: f64 = 1.05;

/// The fewest threads that reach the highest rate, within 5 % (F8).
///
/// No core is reserved for other work: the threads of the hashing lane have a low priority.
pub fn best(measured: &[Measured]) -> Option<Measured> {
    let most = measured.iter().map(|it| it.rate).fold(0.0, f64::max);
    let mut worthy: Vec<_> = measured.iter().filter(|it| it.rate * WORTH >= most).collect();
    worthy.sort_by_key(|it| it.threads);
    worthy.first().map(|it| **it)
}

/// Hashes a second that `people` concurrent log-ins need, for a 95th percentile of `objective` seconds
/// (F8).
pub fn rate_needed(people: usize, objective: f64) -> f64 {
    P95 * real(people) / objective
}

/// The 95th percentile of `people` concurrent log-ins, in seconds, at `rate` hashes a second (F5 for the
/// lane).
pub fn burst_p95(people: usize, rate: f64) -> f64 {
    if rate > 0.0 { P95 * real(people) / rate } else { f64::INFINITY }
}

/// Cores that sustain such a burst, if each does `rate` hashes a second.
pub fn cores_needed(people: usize, objective: f64, rate: f64) -> usize {
    at_least(rate_needed(people, objective) / rate)
}

/// Log-ins a second that all instances sustain without a growing queue (F14).
pub fn steady_rate(rate: f64, instances: usize) -> f64 {
    TARGET_USE * rate * real(instances)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_thread_with_little_gain_is_not_used() {
        let of = |rates: &[f64]| {
            let measured = rates.iter().zip(1..).map(|(&rate, threads)| Measured { threads, rate });
            best(&measured.collect::<Vec<_>>()).map(|it| it.threads)
        };
        assert_eq!(of(&[12.8, 14.6, 14.7, 14.5]), Some(2));
        assert_eq!(of(&[15.0, 29.0, 29.5, 29.9]), Some(2));
        assert_eq!(of(&[15.0, 15.2]), Some(1));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn the_cores_for_fifty_logins_are_computed() {
        // 67 ms for a hash of cost 10, 306 ms for one of cost 12, within a second.
        assert_eq!(cores_needed(50, 1.0, 1.0 / 0.067), 4);
        assert_eq!(cores_needed(50, 1.0, 1.0 / 0.306), 15);
        assert!((burst_p95(50, 14.6) - 3.25).abs() < 0.01);
        assert!((steady_rate(14.6, 3) - 30.66).abs() < 0.01);
    }

    proptest! {
        #[test]
        fn the_computed_cores_meet_the_objective_and_one_fewer_does_not(
            people in 1..2000_usize, objective in 0.1..60.0_f64, rate in 0.1..1000.0_f64,
        ) {
            let cores = cores_needed(people, objective, rate);
            prop_assert!(burst_p95(people, rate * real(cores)) <= objective * (1.0 + 1e-6));
            if cores > 1 {
                prop_assert!(burst_p95(people, rate * real(cores - 1)) > objective);
            }
        }
    }
}
