//! What many measurements say together.

use std::time::Duration;

/// Measurements, from the shortest to the longest.
pub(crate) struct Figures(Vec<Duration>);

impl Figures {
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn shortest(&self) -> Duration {
        self.percentile(0)
    }

    pub(crate) fn median(&self) -> Duration {
        self.percentile(50)
    }

    pub(crate) fn longest(&self) -> Duration {
        self.percentile(100)
    }

    /// The time that `percent` of the measurements did not exceed (nearest rank); zero of none.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }
}

/// Milliseconds, for people.
pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_measurements() {
        let figures = Figures::of((1..=20).rev().map(Duration::from_millis).collect());

        let [least, median, high, most] =
            [0, 50, 95, 100].map(|percent| figures.percentile(percent).as_millis());

        assert_eq!([least, median, high, most], [1, 10, 19, 20]);
    }

    #[test]
    fn nothing_measured_is_zero() {
        assert_eq!(Figures::of(Vec::new()).percentile(95), Duration::ZERO);
    }
}
