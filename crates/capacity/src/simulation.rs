//! A small simulation of requests that pass through stages, each with a queue (F9).
//!
//! It needs no closed form: service times are measured ones, a server may serve a group as one commit
//! does, and the simulation is repeated with different random numbers. Queues are first in, first out,
//! so each stage can be simulated after the one before it (the recursion of Kiefer and Wolfowitz).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::quantities::{P95, at_least, real};

/// A stage that every request passes, with a queue in front of it.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Servers: requests or groups that are served at the same time.
    pub servers: usize,
    /// Largest group that one server serves together, as a commit does; 1 for everything else.
    pub group: usize,
    /// Service times in seconds; each service takes a random one.
    pub times: Vec<f64>,
    /// Additional seconds for each request of a group.
    pub each: f64,
}

impl Stage {
    /// A stage with a constant service time.
    pub fn constant(servers: usize, time: f64) -> Self {
        Self { servers, group: 1, times: vec![time], each: 0.0 }
    }
}

/// The outcome of many runs, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// The median of the 95th percentiles of all runs.
    pub p95: f64,
    /// Lower bound of the range that contains nine of ten runs.
    pub low: f64,
    /// Upper bound of that range.
    pub high: f64,
}

/// The 95th percentile of the response times of `people` concurrent requests; `plays` is the number of runs.
pub fn burst(stages: &[Stage], people: usize, plays: usize, seed: u64) -> Prediction {
    predict(plays, seed, |random| {
        let arrivals = vec![0.0; people.max(1)];
        percentile(&mut responses(stages, &arrivals, random), P95)
    })
}

/// The 95th percentile of Poisson arrivals at `rate` requests a second, for `seconds`.
pub fn steady(stages: &[Stage], rate: f64, seconds: f64, plays: usize, seed: u64) -> Prediction {
    predict(plays, seed, |random| {
        let arrivals = moments(rate, seconds, random);
        percentile(&mut responses(stages, &arrivals, random), P95)
    })
}

fn predict(plays: usize, seed: u64, mut play: impl FnMut(&mut StdRng) -> f64) -> Prediction {
    let mut random = StdRng::seed_from_u64(seed);
    let mut found: Vec<_> = (0..plays.max(1)).map(|_| play(&mut random)).collect();
    let [low, p95, high] = [0.05, 0.5, 0.95].map(|share| percentile(&mut found, share));
    Prediction { p95, low, high }
}

/// Arrival times of a Poisson process; at least one.
fn moments(rate: f64, seconds: f64, random: &mut StdRng) -> Vec<f64> {
    let mut now = 0.0;
    let gaps = std::iter::repeat_with(|| {
        now -= (1.0 - random.random::<f64>()).ln() / rate;
        now
    });
    let moments: Vec<_> = gaps.take_while(|&it| it < seconds).collect();
    if moments.is_empty() { vec![0.0] } else { moments }
}

/// The response time of each request; `arrivals` are in order.
pub fn responses(stages: &[Stage], arrivals: &[f64], random: &mut StdRng) -> Vec<f64> {
    let mut people: Vec<_> = arrivals.iter().map(|&it| Person { came: it, now: it }).collect();
    for stage in stages {
        pass(stage, &mut people, random);
        people.sort_by(|one, other| one.now.total_cmp(&other.now));
    }
    people.iter().map(|it| it.now - it.came).collect()
}

struct Person {
    came: f64,
    now: f64,
}

/// Serves all requests, in the order of arrival.
fn pass(stage: &Stage, people: &mut [Person], random: &mut StdRng) {
    let mut free: BinaryHeap<_> = (0..stage.servers.max(1)).map(|_| Reverse(Moment(0.0))).collect();
    let mut next = 0;
    while let (Some(first), Some(Reverse(Moment(server)))) = (people.get(next), free.pop()) {
        let start = first.now.max(server);
        let there = people[next..].iter().take(stage.group.max(1));
        let group = there.take_while(|it| it.now <= start).count().max(1);
        let time = stage.times.get(random.random_range(0..stage.times.len().max(1)));
        let end = start + time.copied().unwrap_or_default() + stage.each * real(group);
        for person in &mut people[next..next + group] {
            person.now = end;
        }
        next += group;
        free.push(Reverse(Moment(end)));
    }
}

/// A time with a total order; it is not NaN, because no input is.
#[derive(PartialEq)]
struct Moment(f64);

impl Eq for Moment {}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// The value that a `share` of all values does not exceed (nearest rank); 0 when there are none.
fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = at_least(share * real(values.len()));
    values.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::waiting;

    fn exponential(mean: f64) -> Vec<f64> {
        let quantile = |n: usize| -(1.0 - (real(n) + 0.5) / 1000.0).ln() * mean;
        (0..1000).map(quantile).collect()
    }

    #[track_caller]
    fn near(found: f64, expected: f64, share: f64) {
        assert!((found / expected - 1.0).abs() <= share, "{found} is not {expected}");
    }

    #[test]
    fn a_queue_of_poisson_arrivals_waits_as_erlang_c_predicts() {
        let stages = [Stage { times: exponential(0.015), ..Stage::constant(1, 0.0) }];
        let random = &mut StdRng::seed_from_u64(7);
        let arrivals = moments(40.0, 2000.0, random);
        let all = responses(&stages, &arrivals, random);
        // M/M/1: response times are exponential, with the mean s / (1 - rho).
        let mean = 0.015 / (1.0 - 0.6);
        near(all.iter().sum::<f64>() / real(all.len()), mean, 0.05);
        near(steady(&stages, 40.0, 200.0, 20, 7).p95, mean * 20.0_f64.ln(), 0.07);
    }

    #[test]
    fn a_burst_with_constant_times_matches_the_formula() {
        for servers in [1, 2, 5, 10] {
            let found = burst(&[Stage::constant(servers, 0.015)], 50, 1, 1);
            near(found.p95, waiting::burst_p95(50, 0.015, servers), 0.06);
        }
    }

    #[test]
    fn requests_that_wait_for_one_commit_are_answered_together() {
        let commit = Stage { group: 256, ..Stage::constant(1, 0.004) };
        assert!((burst(&[commit], 50, 1, 1).p95 - 0.004).abs() < 1e-9);
        // Requests that arrive during a commit are in the next one.
        let commit = Stage { group: 256, ..Stage::constant(1, 0.004) };
        let work = Stage::constant(1, 0.001);
        let found = burst(&[work, commit], 8, 1, 1).p95;
        assert!((found - 0.013).abs() < 1e-9, "{found}");
    }

    #[test]
    fn the_same_seed_predicts_the_same() {
        let stages = [Stage { times: exponential(0.01), ..Stage::constant(2, 0.0) }];
        assert_eq!(burst(&stages, 50, 50, 3), burst(&stages, 50, 50, 3));
        assert_ne!(burst(&stages, 50, 50, 3), burst(&stages, 50, 50, 4));
    }

    proptest! {
        #[test]
        fn no_request_is_faster_than_a_service_and_all_are_served(
            servers in 1..8_usize, people in 1..200_usize, time in 1e-4..0.1_f64,
        ) {
            let stages = [Stage::constant(servers, time), Stage::constant(1, time / 2.0)];
            let random = &mut StdRng::seed_from_u64(1);
            let all = responses(&stages, &vec![0.0; people], random);
            prop_assert_eq!(all.len(), people);
            prop_assert!(all.iter().all(|&it| it >= 1.5 * time - 1e-9));
            // No request waits while a server is idle: the last ends no later than with one server.
            let last = all.iter().copied().fold(0.0, f64::max);
            prop_assert!(last <= real(people) * 1.5 * time + 1e-9);
        }

        #[test]
        fn more_servers_and_larger_groups_make_no_request_wait_longer(
            servers in 1..8_usize, group in 1..20_usize, people in 1..200_usize,
        ) {
            let stage = Stage { group, ..Stage::constant(servers, 0.01) };
            let p95 = |stage| burst(&[stage], people, 1, 1).p95;
            let now = p95(stage.clone());
            let more_servers = Stage { servers: servers + 1, ..stage.clone() };
            let larger_groups = Stage { group: group + 1, ..stage };
            prop_assert!(p95(more_servers) <= now + 1e-9);
            prop_assert!(p95(larger_groups) <= now + 1e-9);
        }

        #[test]
        fn the_interval_holds_the_median(people in 1..100_usize, seed in 0..1000_u64) {
            let stages = [Stage { times: exponential(0.01), ..Stage::constant(2, 0.0) }];
            let Prediction { p95, low, high } = burst(&stages, people, 20, seed);
            prop_assert!(low <= p95 && p95 <= high);
        }
    }
}
