//! The shape of a load: how many requests are due, and when.

use std::time::Duration;

use clap::ValueEnum;
use rand::Rng;
use serde::{Deserialize, Serialize};

/// The model of a load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Model {
    /// All users at the same moment, once.
    Burst,
    /// Each user sends again as soon as it is answered.
    Closed(Course),
    /// Requests arrive at a rate, whatever became of those before.
    Open { rate: f64, arrivals: Arrivals, course: Course },
}

/// The phases of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Course {
    /// Time under load before the measurement.
    pub(crate) warm_up: Duration,
    /// Part of the measured time in which the load grows.
    #[serde(default)]
    pub(crate) ramp: Duration,
    /// Measured time.
    pub(crate) time: Duration,
}

impl Course {
    /// Without a ramp.
    pub(crate) const fn new(warm_up: Duration, time: Duration) -> Self {
        Self { warm_up, ramp: Duration::ZERO, time }
    }

    /// The phase before the measurement, as a course of its own.
    pub(crate) fn warming_up(self) -> Self {
        Self::new(Duration::ZERO, self.warm_up)
    }
}

impl Model {
    /// Poisson arrivals at `rate` a second.
    pub(crate) fn open(rate: f64, warm_up: Duration, time: Duration) -> Self {
        Self::Open { rate, arrivals: Arrivals::Poisson, course: Course::new(warm_up, time) }
    }

    pub(crate) fn closed(warm_up: Duration, time: Duration) -> Self {
        Self::Closed(Course::new(warm_up, time))
    }
}

/// The distribution of arrivals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Arrivals {
    /// Independent users: exponential gaps.
    #[default]
    Poisson,
    /// Equal gaps.
    Uniform,
}

/// The moments of arrival from the start to the end of the course, in order, at `rate` a second. In a ramp
/// the rate grows with time, and the moment of the n-th arrival is the inverse of the expected count
/// (Lewis and Shedler, "Simulation of nonhomogeneous Poisson processes by thinning", 1979, section 1).
pub(crate) fn schedule(
    arrivals: Arrivals,
    rate: f64,
    course: Course,
    random: &mut impl Rng,
) -> Vec<Duration> {
    let (ramp, time) = (course.ramp.as_secs_f64(), course.time.as_secs_f64());
    let mut moments = Vec::new();
    // Time that as many arrivals would take at the full rate.
    let mut steady = 0.0;
    loop {
        steady += match arrivals {
            Arrivals::Uniform => 1.0 / rate,
            // 1 - u is in (0, 1], whose logarithm is finite.
            Arrivals::Poisson => -(1.0 - random.random::<f64>()).ln() / rate,
        };
        let in_ramp = steady < ramp / 2.0;
        let at = if in_ramp { (2.0 * ramp * steady).sqrt() } else { steady + ramp / 2.0 };
        if !at.is_finite() || at >= time {
            return moments;
        }
        moments.push(Duration::from_secs_f64(at));
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;
    use crate::statistics::real;

    fn gaps(arrivals: Arrivals) -> Vec<f64> {
        let mut random = StdRng::seed_from_u64(1);
        let course = Course::new(Duration::ZERO, Duration::from_secs(20));
        let all = schedule(arrivals, 1000.0, course, &mut random);
        all.windows(2).map(|pair| pair[1].as_secs_f64() - pair[0].as_secs_f64()).collect()
    }

    fn mean_and_variation(gaps: &[f64]) -> (f64, f64) {
        let n = real(gaps.len() as u64);
        let mean = gaps.iter().sum::<f64>() / n;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / n;
        (mean, variance.sqrt() / mean)
    }

    #[test]
    fn uniform_arrivals_are_equally_far_apart() {
        let (mean, variation) = mean_and_variation(&gaps(Arrivals::Uniform));
        assert!((mean - 0.001).abs() < 1e-6 && variation < 1e-3, "{mean} {variation}");
    }

    #[test]
    fn gaps_between_poisson_arrivals_vary_as_much_as_their_mean() {
        let (mean, variation) = mean_and_variation(&gaps(Arrivals::Poisson));
        assert!(
            (mean - 0.001).abs() < 3e-5 && (variation - 1.0).abs() < 0.05,
            "{mean} {variation}"
        );
    }

    #[test]
    fn in_a_ramp_the_rate_grows_with_time_until_it_is_whole() {
        let steady = Course::new(Duration::ZERO, Duration::from_secs(20));
        let course = Course { ramp: Duration::from_secs(10), ..steady };
        for arrivals in [Arrivals::Uniform, Arrivals::Poisson] {
            let all = schedule(arrivals, 1000.0, course, &mut StdRng::seed_from_u64(1));
            let within = |from: u64, to: u64| {
                let within = Duration::from_secs(from)..Duration::from_secs(to);
                real(all.iter().filter(|it| within.contains(it)).count() as u64)
            };
            for (from, to, expected) in [(0, 5, 1250.0), (5, 10, 3750.0), (10, 20, 10_000.0)] {
                let ratio = within(from, to) / expected;
                assert!((ratio - 1.0).abs() < 0.1, "{arrivals:?}: {ratio} of {expected}");
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_moments() {
        assert_eq!(gaps(Arrivals::Poisson), gaps(Arrivals::Poisson));
    }
}
