//! When requests of an open loop are due.

use std::time::Duration;

use clap::ValueEnum;
use rand::Rng;
use serde::{Deserialize, Serialize};

/// How arrivals are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Arrivals {
    /// As people come who do not know of each other: exponential gaps.
    #[default]
    Poisson,
    /// One after the other, always as far apart.
    Uniform,
}

/// Moments from the start, in order, up to `time`, at `rate` a second.
pub(crate) fn schedule(
    arrivals: Arrivals,
    rate: f64,
    time: Duration,
    random: &mut impl Rng,
) -> Vec<Duration> {
    let mut moments = Vec::new();
    let mut at = 0.0;
    loop {
        at += match arrivals {
            Arrivals::Uniform => 1.0 / rate,
            // 1 - u is in (0, 1], whose logarithm is finite.
            Arrivals::Poisson => -(1.0 - random.random::<f64>()).ln() / rate,
        };
        if !at.is_finite() || at >= time.as_secs_f64() {
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

    fn gaps(arrivals: Arrivals) -> Vec<f64> {
        let mut random = StdRng::seed_from_u64(1);
        let all = schedule(arrivals, 1000.0, Duration::from_secs(20), &mut random);
        all.windows(2).map(|pair| pair[1].as_secs_f64() - pair[0].as_secs_f64()).collect()
    }

    fn mean_and_variation(gaps: &[f64]) -> (f64, f64) {
        let n = crate::statistics::real(gaps.len() as u64);
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
    fn the_same_seed_gives_the_same_moments() {
        assert_eq!(gaps(Arrivals::Poisson), gaps(Arrivals::Poisson));
    }
}
