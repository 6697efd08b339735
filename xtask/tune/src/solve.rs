//! From what was measured and what is wanted to every number, with the reason of each.

mod deployment;
mod numbers;
mod predicted;

use capacity::connections::Refusal;
use capacity::hashing;

use crate::calibration::Calibration;
use crate::target::Target;

pub(crate) use deployment::Deployment;
pub(crate) use predicted::{Burst, Capacity, Predicted, Shares, at_once_ms};

/// Inputs from the settings of the profile, which the arithmetic does not change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Given {
    pub(crate) bcrypt_cost: u32,
    pub(crate) hash_wait_max_ms: u64,
    pub(crate) write_lanes: usize,
}

/// A setting that was computed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Number {
    /// As in `database.pool_size`.
    pub(crate) key: &'static str,
    pub(crate) value: usize,
    /// Which formulae, and with which numbers.
    pub(crate) why: String,
    /// Further consequences, which set nothing and are in no file.
    pub(crate) follows: Vec<String>,
}

/// Something that cannot be had, and single things that would help, the cheapest first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) what: String,
    pub(crate) ways_out: Vec<String>,
}

/// Every number of a profile.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Solution {
    pub(crate) numbers: Vec<Number>,
    pub(crate) deployment: Deployment,
    pub(crate) predicted: Predicted,
    pub(crate) faults: Vec<Fault>,
}

impl Fault {
    /// Too many connections are wanted; beside its commit lanes an instance needs one at least.
    pub(crate) fn refused(refusal: &Refusal, write_lanes: usize) -> Self {
        let ways_out = refusal.ways_out(write_lanes + 1);
        let ways_out = ways_out.iter().map(ToString::to_string).collect();
        Self { what: refusal.to_string(), ways_out }
    }
}

/// Solves for every number. The same input gives the same output, byte for byte.
pub(crate) fn solve(target: &Target, given: Given, calibration: &Calibration) -> Solution {
    let mut faults = Vec::new();
    let sizes = numbers::Sizes::of(target, given, calibration, &mut faults);
    let deployment = Deployment::of(target, &sizes, calibration, &mut faults);
    let predicted = Predicted::of(target, &sizes, calibration);
    log_ins(target, given, calibration, &mut faults);
    Solution { numbers: sizes.numbers(), deployment, predicted, faults }
}

/// The fault of a burst of log-ins that takes too long, with its ways out.
fn log_ins(target: &Target, given: Given, calibration: &Calibration, faults: &mut Vec<Fault>) {
    let rate = calibration.hashes_on(target.cores, given.bcrypt_cost).rate;
    let p95 = hashing::burst_p95(target.log_ins, rate);
    let objective = target.log_in_objective_ms / 1e3;
    if p95 <= objective {
        return;
    }
    let cores = hashing::cores_needed(target.log_ins, objective, rate / target.cores);
    let mut ways_out = vec![
        format!("an objective of {:.1} s", (p95 * 10.0).ceil() / 10.0),
        format!("{cores} cores (assumed linear)"),
    ];
    let wait = p95 * 1e3;
    if wait > real_ms(given.hash_wait_max_ms) {
        ways_out.insert(1, format!("hashing.wait_max_ms = {wait:.0}, so that all of them queue"));
    }
    faults.push(Fault {
        what: format!(
            "{} log-ins at once at cost {}: 95 % within 0.95 x {} / {rate:.1} hashes/s = {p95:.1} s > \
             {objective} s",
            target.log_ins, given.bcrypt_cost, target.log_ins
        ),
        ways_out,
    });
}

#[expect(clippy::cast_precision_loss, reason = "a minute at most")]
fn real_ms(ms: u64) -> f64 {
    ms as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::tests::calibration;
    use crate::target::Database;

    const GIVEN: Given = Given { bcrypt_cost: 10, hash_wait_max_ms: 10_000, write_lanes: 2 };

    fn value(solution: &Solution, key: &str) -> Option<usize> {
        solution.numbers.iter().find(|it| it.key == key).map(|it| it.value)
    }

    #[test]
    fn what_fits_has_no_faults_and_respects_the_budget() {
        let target = Target::of("cloud-run", 2, 1024).unwrap();
        let solution = solve(&target, GIVEN, &calibration());
        assert_eq!(solution.faults, []);
        let pool = value(&solution, "database.pool_size").unwrap();
        assert!((pool + 2) * 3 * 2 <= 196, "{pool}");
        let concurrency = value(&solution, "admission.requests").unwrap()
            + value(&solution, "admission.queue").unwrap()
            + target.sockets;
        assert!(concurrency <= 1000 && solution.deployment.concurrency == concurrency);
        assert_eq!(solution.deployment.instances_min, 1);
    }

    #[test]
    fn without_the_pooler_the_pools_shrink_to_the_budget() {
        let mut target = Target::of("cloud-run", 2, 1024).unwrap();
        let Database::Postgres(database) = &mut target.database else { panic!() };
        database.pooler_clients = 0;
        let solution = solve(&target, GIVEN, &calibration());
        assert_eq!(value(&solution, "database.pool_size"), Some(4), "39 / 3 / 2 = 6, less 2 lanes");
        target.instances_max = 10;
        let refused = solve(&target, GIVEN, &calibration());
        assert!(
            refused.faults[0].what.starts_with("10 instances x 3 connections x 2"),
            "{refused:?}"
        );
        assert!(!refused.faults[0].ways_out.is_empty());
    }

    #[test]
    fn log_ins_that_take_too_long_are_refused_with_the_ways_out() {
        let target = Target::of("development", 2, 4096).unwrap();
        let solution = solve(&target, Given { bcrypt_cost: 13, ..GIVEN }, &calibration());
        let [fault] = &solution.faults[..] else { panic!("{:?}", solution.faults) };
        assert!(fault.what.contains("= 13.1 s > 3 s"), "{}", fault.what);
        assert_eq!(fault.ways_out.len(), 3, "{:?}", fault.ways_out);
        assert_eq!(fault.ways_out[2], "9 cores (assumed linear)");
    }

    #[test]
    fn consequences_for_users_are_listed() {
        let solution = solve(&Target::of("cloud-run", 2, 1024).unwrap(), GIVEN, &calibration());
        let listed: Vec<_> = solution.numbers.iter().flat_map(|it| &it.follows).collect();
        for words in [
            "F4 at 167/s each, 95 of 100 wait at most 0.00 ms for one of 4 connections",
            "F5 of 50 that read at once 95 % are answered within 18.4 ms",
            "F5 a lock that all 50 need at once may be held for 10.5 ms",
            "F2 fewer than 10 users that save cannot ask for the 10200/s that 2 cores do",
            "F14 61 log-ins a second are carried by 3 instances",
        ] {
            assert!(listed.iter().any(|it| it.starts_with(words)), "{words}: {listed:#?}");
        }
    }

    #[test]
    fn every_number_has_a_reason() {
        for env in ["development", "staging", "production", "cloud-run", "small"] {
            let solution = solve(&Target::of(env, 2, 4096).unwrap(), GIVEN, &calibration());
            assert!(solution.numbers.iter().all(|it| it.why.starts_with('F')), "{solution:?}");
        }
    }
}
