//! Predictions, which `tune verify` compares with measurements.

use capacity::demand::{self, Resource};
use capacity::hashing;
use capacity::simulation::{self, Stage};
use serde::{Deserialize, Serialize};

use super::numbers::Sizes;
use crate::calibration::{Calibration, Operation, real};
use crate::target::{Database, Target};

/// A resource with at least this utilisation is the bottleneck: processor time is not measured exactly, and
/// a core is never in use all of the time.
pub(crate) const BUSY: f64 = 0.85;

/// Bursts that are simulated for each prediction.
const SIMULATIONS: usize = 200;

/// The predictions of a profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Predicted {
    pub(crate) save: Capacity,
    pub(crate) join: Capacity,
    pub(crate) read: Capacity,
    pub(crate) save_burst: Burst,
    pub(crate) join_burst: Burst,
    pub(crate) log_in_burst: Burst,
}

/// The capacity of one kind of request, in requests a second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Capacity {
    /// By one instance of the target.
    pub(crate) target: f64,
    /// Where it was calibrated, with the tool that sends the load on the same cores: what
    /// `tune verify` can find.
    pub(crate) here: f64,
    /// The bottleneck here.
    pub(crate) bottleneck: String,
    /// The curve that was chosen, and its error at the level that was left out of the fit, in percent.
    pub(crate) model: String,
    pub(crate) held_out_percent: f64,
    /// The 95th percentile at 70 % of it, in milliseconds.
    pub(crate) p95_ms: f64,
}

/// The 95th percentile of users at once, in milliseconds, where it was calibrated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Burst {
    pub(crate) people: usize,
    pub(crate) low: f64,
    pub(crate) p95: f64,
    pub(crate) high: f64,
}

impl Predicted {
    pub(super) fn of(target: &Target, sizes: &Sizes, calibration: &Calibration) -> Self {
        let of = |operation, writes| capacity(target, sizes, calibration, operation, writes);
        Self {
            save: of(&calibration.save, true),
            join: of(&calibration.join, true),
            read: of(&calibration.read, false),
            save_burst: burst(&calibration.save, target.people, calibration.margin),
            join_burst: burst(&calibration.join, target.people, calibration.margin),
            log_in_burst: log_in_burst(calibration, target.log_ins),
        }
    }
}

fn capacity(
    target: &Target,
    sizes: &Sizes,
    calibration: &Calibration,
    operation: &Operation,
    writes: bool,
) -> Capacity {
    let cores_here = real(calibration.cores);
    let all = (operation.server_us + operation.database_us + operation.generator_us) / 1e6;
    let curve = operation.curve();
    let (most, plateau) = (operation.best(), operation.plateau());
    let here = curve.as_ref().map_or(plateau, |it| it.peak().clamp(0.95 * plateau, 1.05 * plateau));
    // The share of what the cores would allow.
    let reached = (most * all / cores_here).min(1.0);
    let shares = Shares {
        cores: reached,
        generator: most * operation.generator_us / 1e6,
        lanes: writes.then_some(operation.committing),
    };
    let best = curve.as_ref().and_then(|it| it.models.first());
    let p95_ms = operation.reaching(0.7).2 * 1e3;
    Capacity {
        target: on_target(target, sizes, operation, calibration, writes) * reached.max(0.01),
        here: here * operation.open_share,
        bottleneck: shares.bottleneck().to_owned(),
        model: best.map_or("none", |it| it.model.name()).to_owned(),
        held_out_percent: best.map_or(f64::NAN, |it| it.held_out_error * 100.0),
        p95_ms,
    }
}

/// The capacity of the target if all of it could be used (F2).
fn on_target(
    target: &Target,
    sizes: &Sizes,
    operation: &Operation,
    calibration: &Calibration,
    writes: bool,
) -> f64 {
    let (beside, round_trip) = match &target.database {
        Database::Sqlite => (true, 0.0),
        Database::Postgres(it) => (!it.apart, it.round_trip_ms / 1e3),
    };
    let database = if beside { operation.database_us } else { 0.0 };
    let mut resources = vec![Resource {
        name: "cores",
        servers: target.cores,
        demand: (operation.server_us + database) / 1e6,
    }];
    // Writes leave in groups, so that their connections set no rate.
    if let (Some(pool), false) = (&sizes.pool, writes) {
        let demand = calibration.read.alone() + round_trip;
        resources.push(Resource { name: "pool", servers: real(pool.value), demand });
    }
    demand::ceiling(&resources).map_or(0.0, |it| it.rate)
}

/// Utilisation of each resource, from 0 to 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    pub(crate) cores: f64,
    /// The one core of the tool.
    pub(crate) generator: f64,
    /// The lanes in which writes are committed; none where nothing is written.
    pub(crate) lanes: Option<f64>,
}

impl Shares {
    /// The resource in use most sets the rate, by the utilisation law (Denning and Buzen 1978).
    pub(crate) fn bottleneck(self) -> &'static str {
        match self.lanes {
            _ if self.generator >= BUSY => "generator",
            Some(lanes) if lanes > self.cores => "commit",
            None if self.cores < BUSY => "pool",
            _ => "cores",
        }
    }
}

/// The 95th percentile of users at once by the line through the measurements, in
/// milliseconds.
pub(crate) fn at_once_ms(operation: &Operation, users: usize) -> f64 {
    let (alone, each) = line(&operation.people, &operation.burst_ms);
    alone + each * real(users)
}

/// Simulates a burst in which each user takes one of the measured times (F9).
fn burst(operation: &Operation, people: usize, margin: f64) -> Burst {
    let (alone, each) = line(&operation.people, &operation.burst_ms);
    let measured = operation.people.iter().zip(&operation.burst_ms);
    let times = measured.map(|(&count, ms)| {
        let fitted = (alone + each * real(count)).max(f64::EPSILON);
        each / 0.95 * ms / fitted / 1e3
    });
    let stage = Stage { times: times.collect(), ..Stage::constant(1, 0.0) };
    let found = simulation::burst(&[stage], people, SIMULATIONS, 42);
    let at = |seconds: f64| alone + seconds * 1e3;
    Burst { people, low: at(found.low), p95: at(found.p95), high: at(found.high) }.widened(margin)
}

fn log_in_burst(calibration: &Calibration, people: usize) -> Burst {
    let rates = calibration.hashing(crate::calibration::HASH_COST);
    let rate = hashing::best(&rates).map_or(1.0, |it| it.rate);
    let p95 = hashing::burst_p95(people, rate) * 1e3;
    Burst { people, low: p95, p95, high: p95 }.widened(calibration.margin)
}

impl Burst {
    /// The same on a machine that takes `drift` times as long.
    pub(crate) fn on(self, drift: f64) -> Self {
        let Self { people, low, p95, high } = self;
        Self { people, low: low * drift, p95: p95 * drift, high: high * drift }
    }

    /// Widens the interval to at least `margin`, as a share, on both sides.
    fn widened(self, margin: f64) -> Self {
        let low = self.low.min(self.p95 * (1.0 - margin));
        Self { low, high: self.high.max(self.p95 * (1.0 + margin)), ..self }
    }
}

/// The line through bursts of several sizes: what one alone takes, and what each more adds. Neither
/// is negative.
fn line(users: &[usize], times: &[f64]) -> (f64, f64) {
    let count = real(users.len()).max(1.0);
    let mean_users = users.iter().map(|&it| real(it)).sum::<f64>() / count;
    let mean_time = times.iter().sum::<f64>() / count;
    let pairs = || users.iter().map(|&it| real(it) - mean_users).zip(times);
    let spread: f64 = pairs().map(|(apart, _)| apart * apart).sum();
    let slope = pairs().map(|(apart, time)| apart * (time - mean_time)).sum::<f64>();
    let slope = if spread > 0.0 { (slope / spread).max(0.0) } else { 0.0 };
    // The line must not begin below zero.
    let slope = slope.min(mean_time / mean_users.max(1.0));
    (mean_time - slope * mean_users, slope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::tests::calibration;

    #[test]
    fn a_line_goes_through_what_was_measured_and_never_below_nothing() {
        let (alone, each) = line(&[12, 24, 36], &[3.0, 5.0, 7.0]);
        assert!((alone - 1.0).abs() < 1e-9 && (each - 1.0 / 6.0).abs() < 1e-9);
        let (alone, each) = line(&[12, 24, 36], &[1.0, 5.0, 9.0]);
        assert!(alone >= -1e-9 && (each - 5.0 / 24.0).abs() < 1e-9, "{alone} {each}");
        assert!(line(&[], &[]).0.abs() < 1e-9);
    }

    #[test]
    fn a_burst_continues_the_line() {
        let burst = burst(&calibration().save, 50, 0.15);
        assert!((burst.p95 - (1.0 + 50.0 / 6.0)).abs() < 0.3, "{burst:?}");
        assert!(burst.low < burst.p95 && burst.p95 < burst.high);
    }

    #[test]
    fn a_machine_without_the_tool_on_it_does_more() {
        let target = Target::of("development", 2, 4096).unwrap();
        let it = crate::solve::solve(
            &target,
            crate::solve::Given { bcrypt_cost: 10, hash_wait_max_ms: 10_000, write_lanes: 2 },
            &calibration(),
        );
        let save = it.predicted.save;
        assert!((save.here - 10_200.0).abs() < 500.0 && save.target > 1.2 * save.here, "{save:?}");
    }

    #[test]
    fn what_is_in_use_most_sets_the_rate() {
        let named = |cores, generator, lanes| Shares { cores, generator, lanes }.bottleneck();
        assert_eq!(named(0.95, 0.5, Some(0.9)), "cores");
        assert_eq!(named(0.95, 0.9, Some(0.99)), "generator");
        assert_eq!(named(0.8, 0.5, Some(0.9)), "commit");
        assert_eq!((named(0.8, 0.5, None), named(0.9, 0.5, None)), ("pool", "cores"));
    }
}
