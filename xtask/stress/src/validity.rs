//! The validity of a run: where the tool was the bottleneck, or nothing was measured, nothing can be
//! concluded.

use std::time::Duration;

use serde::Deserialize;

use crate::finding::Check;
use crate::load::Model;
use crate::processors::Cores;
use crate::statistics::real;
use crate::tally::{Recording, Tally};
use crate::watch::Sampled;

/// Samples of the requests in flight below which their mean is not used.
const SAMPLES_MIN: u64 = 100;

/// Loads that are too short to saturate the generator.
const SHORT_SECONDS: f64 = 0.25;

/// `[validity]` of `perf/slo.toml`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) generator_cpu_max: f64,
    pub(crate) generator_wait_max: f64,
    pub(crate) lag_p99_max_ms: f64,
    pub(crate) burst_lag_max: f64,
    pub(crate) little_tolerance: f64,
    pub(crate) others_cores_max: f64,
    pub(crate) standstill_max_ms: f64,
}

impl Limits {
    /// For a machine that is so many times slower and shared.
    pub(crate) fn widened(self, times: f64) -> Self {
        Self {
            lag_p99_max_ms: self.lag_p99_max_ms * times,
            standstill_max_ms: self.standstill_max_ms * times,
            generator_wait_max: 1.0,
            ..self
        }
    }
}

/// Checks one load; `step` is the main request of its scenario.
pub(crate) fn checks(
    limits: &Limits,
    model: Model,
    step: &str,
    recording: &Recording,
    sampled: Sampled,
) -> Vec<Check> {
    let mut all = vec![samples(step, recording)];
    all.extend(generator(limits, recording));
    all.extend(lag(limits, model, recording));
    if matches!(model, Model::Open { .. }) {
        all.push(Check::none(DROPPED, recording.dropped));
    }
    all.extend(little(limits, recording, sampled));
    all
}

fn samples(step: &str, recording: &Recording) -> Check {
    let total = recording.steps.get(step).map_or(0, Tally::total);
    Check::new("samples", total.to_string(), "> 0", total > 0)
}

fn generator(limits: &Limits, recording: &Recording) -> [Check; 2] {
    let generator = recording.generator;
    let wall = generator.wall.max(f64::EPSILON);
    let short = generator.wall < SHORT_SECONDS;
    let share = |name, needed: f64, max: f64| {
        let value = format!("{:.0} %", needed / wall * 100.0);
        Check::new(name, value, format!("<= {:.0} %", max * 100.0), short || needed / wall <= max)
    };
    [
        share("generator's core", generator.cpu, limits.generator_cpu_max),
        share("generator kept waiting", generator.waited, limits.generator_wait_max),
    ]
}

/// The check of arrivals that found every user busy.
pub(crate) const DROPPED: &str = "dropped arrivals";

/// The check of how late the generator began to send.
pub(crate) const LAG: &str = "schedule lag p99";

/// How late the generator began to send. A large burst may take longer if it is sent far faster than it is
/// answered: the server is never without work, and times count from the moment of the burst.
fn lag(limits: &Limits, model: Model, recording: &Recording) -> Option<Check> {
    let lag = real(recording.lag.quantile(0.99)?) / 1e3;
    let (mut value, mut limit) =
        (format!("{lag:.2} ms"), format!("<= {} ms", limits.lag_p99_max_ms));
    let mut ok = lag <= limits.lag_p99_max_ms;
    if let (Model::Burst, Some(answered)) = (model, recording.planned.quantile(0.99)) {
        let share = lag / (real(answered) / 1e3);
        ok |= share <= limits.burst_lag_max;
        value = format!("{value}, {:.0} % of the burst", share * 100.0);
        limit = format!("{limit}, or {:.0} % of the burst", limits.burst_lag_max * 100.0);
    }
    Some(Check::new(LAG, value, limit, ok))
}

/// N = X·R: requests in flight, as another thread has sampled them, against rate times time.
fn little(limits: &Limits, recording: &Recording, sampled: Sampled) -> Option<Check> {
    let expected = recording.busy_seconds / recording.seconds;
    // With less than one request in flight, samples meet too few of them.
    if sampled.count < SAMPLES_MIN || expected < 1.0 {
        return None;
    }
    let ratio = sampled.mean / expected;
    let ok = (ratio - 1.0).abs() <= limits.little_tolerance;
    let limit = format!("1 +- {}", limits.little_tolerance);
    Some(Check::new(LITTLE, format!("{ratio:.2}"), limit, ok))
}

/// The check that fails when rate times time is not what was in flight.
pub(crate) const LITTLE: &str = "Little's law";

/// The check of other load on the machine.
pub(crate) const OTHERS: &str = "others on the machine";

/// Other load on the machine, in cores.
pub(crate) fn others(max: f64, cores: Cores) -> Check {
    let mut value = format!("{:.2} cores", cores.others);
    if cores.stolen > max / 2.0 {
        value = format!("{value} ({:.2} of them the hypervisor's)", cores.stolen);
    }
    Check::new(OTHERS, value, format!("<= {max} cores"), cores.others <= max)
}

/// A standstill of the server that is too long, which fails a run whatever else is true of it.
pub(crate) fn standstill(limits: &Limits, longest: Duration) -> Option<Check> {
    let ms = longest.as_secs_f64() * 1e3;
    let value = format!("{:.1} s", ms / 1e3);
    let limit = format!("<= {} ms", limits.standstill_max_ms);
    (ms > limits.standstill_max_ms)
        .then(|| Check::new("standstill of the server", value, limit, false))
}

/// A debug build is not measured.
pub(crate) fn build(build: Option<&str>) -> Check {
    let value = build.unwrap_or("unknown").to_owned();
    Check::new("build of the server", value, "release", build != Some("debug"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Arrivals, Course};
    use crate::tally::Generator;

    const LIMITS: Limits = Limits {
        generator_cpu_max: 0.9,
        generator_wait_max: 0.3,
        lag_p99_max_ms: 20.0,
        burst_lag_max: 0.3,
        little_tolerance: 0.1,
        others_cores_max: 0.5,
        standstill_max_ms: 1000.0,
    };

    const OPEN: Model = Model::Open {
        rate: 100.0,
        arrivals: Arrivals::Uniform,
        course: Course::new(Duration::ZERO, Duration::from_secs(1)),
    };

    fn failed(recording: &Recording, sampled: Sampled) -> Vec<String> {
        let all = checks(&LIMITS, OPEN, "save", recording, sampled);
        all.into_iter().filter(|it| !it.ok).map(|it| it.name).collect()
    }

    fn sound() -> Recording {
        let mut recording =
            Recording { seconds: 10.0, busy_seconds: 500.0, ..Recording::default() };
        recording.steps.entry("save".into()).or_default().response.record(Duration::from_millis(1));
        recording.generator = Generator { cpu: 2.0, waited: 1.0, wall: 10.0 };
        recording
    }

    const FIFTY: Sampled = Sampled { mean: 50.0, count: 1000 };

    #[test]
    fn a_sound_run_is_valid() {
        assert_eq!(failed(&sound(), FIFTY), [""; 0]);
    }

    #[test]
    fn each_fault_is_named() {
        let spoil = |spoil: fn(&mut Recording), sampled| {
            let mut recording = sound();
            spoil(&mut recording);
            failed(&recording, sampled)
        };

        assert_eq!(spoil(|it| it.steps.clear(), FIFTY), ["samples"]);
        assert_eq!(spoil(|it| it.generator.cpu = 9.5, FIFTY), ["generator's core"]);
        assert_eq!(spoil(|it| it.generator.waited = 5.0, FIFTY), ["generator kept waiting"]);
        assert_eq!(spoil(|it| it.dropped = 1, FIFTY), [DROPPED]);
        let late = |it: &mut Recording| it.lag.record(Duration::from_millis(30));
        assert_eq!(spoil(late, FIFTY), [LAG]);
        assert_eq!(spoil(|_| (), Sampled { mean: 40.0, count: 1000 }), [LITTLE]);
    }

    #[test]
    fn a_large_burst_may_take_a_part_of_its_time_to_send() {
        let is_valid = |lag, answered| {
            let mut recording = sound();
            recording.lag.record(Duration::from_millis(lag));
            recording.planned.record(Duration::from_millis(answered));
            let all = checks(&LIMITS, Model::Burst, "save", &recording, FIFTY);
            all.iter().all(|it| it.ok)
        };
        assert!(is_valid(30, 110), "a part");
        assert!(!is_valid(30, 90), "more");
        assert!(is_valid(19, 20), "little");
    }

    #[test]
    fn a_standstill_has_a_limit_that_widens() {
        let found = |limits: &Limits| standstill(limits, Duration::from_millis(1500));
        assert_eq!(found(&LIMITS).unwrap().value, "1.5 s");
        assert!(found(&LIMITS.widened(10.0)).is_none());
        assert!(standstill(&LIMITS, Duration::from_millis(900)).is_none());
    }

    #[test]
    fn a_debug_build_is_not_judged() {
        assert!(!build(Some("debug")).ok && build(Some("release")).ok && build(None).ok);
    }
}
