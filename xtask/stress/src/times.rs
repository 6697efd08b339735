//! A histogram of durations.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A histogram of durations in microseconds, exact to one part in a thousand.
///
/// The buckets are those of `HdrHistogram`: below 2,048 each value has its own, above that each doubling
/// has 1,024. The crate of that name would bring features into the server's own dependencies, and the
/// first build of this tool would compile all of them again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub struct Times {
    counts: Vec<u64>,
    count: u64,
}

/// Buckets of one doubling: three significant digits.
const BUCKETS: u64 = 1024;

fn bucket(value: u64) -> u64 {
    let shift = u64::from((value | 1).ilog2().saturating_sub(BUCKETS.ilog2()));
    shift * BUCKETS + (value >> shift)
}

/// The least value of a bucket.
fn floor(bucket: u64) -> u64 {
    let shift = (bucket / BUCKETS).saturating_sub(1);
    (bucket - shift * BUCKETS) << shift
}

/// Microseconds, as many as fit.
pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Times {
    pub(crate) fn record(&mut self, time: Duration) {
        self.record_value(micros(time).max(1));
    }

    /// Records a duration in any unit; all of one histogram are in the same.
    pub fn record_value(&mut self, value: u64) {
        self.add(value, 1);
    }

    fn add(&mut self, value: u64, count: u64) {
        let place = usize::try_from(bucket(value)).unwrap_or(usize::MAX - 1);
        if self.counts.len() <= place {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += count;
        self.count += count;
    }

    /// Forgets everything, and keeps the memory.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.count = 0;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        other.recorded().for_each(|(value, count)| self.add(value, count));
    }

    fn recorded(&self) -> impl Iterator<Item = (u64, u64)> {
        let counts = (0..).map(floor).zip(self.counts.iter().copied());
        counts.filter(|(_, count)| *count > 0)
    }

    /// How many were recorded.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The duration that a share `q` of all does not exceed; none when nothing was recorded.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let rank = (crate::statistics::real(self.count) * q).ceil() as u64;
        self.at_rank(rank.clamp(1, self.count.max(1)))
    }

    /// The value of a rank, from 1.
    pub(crate) fn at_rank(&self, rank: u64) -> Option<u64> {
        let mut seen = 0;
        self.recorded().find_map(|(value, count)| {
            seen += count;
            (seen >= rank).then_some(value)
        })
    }

    /// None when nothing was recorded.
    pub(crate) fn mean(&self) -> Option<f64> {
        let real = crate::statistics::real;
        let sum: f64 = self.recorded().map(|(value, count)| real(value) * real(count)).sum();
        (self.count > 0).then(|| sum / real(self.count))
    }

    /// None when nothing was recorded.
    pub(crate) fn longest(&self) -> Option<u64> {
        self.recorded().last().map(|(value, _)| value)
    }
}

impl From<Vec<(u64, u64)>> for Times {
    fn from(counts: Vec<(u64, u64)>) -> Self {
        let mut times = Self::default();
        for (value, count) in counts {
            times.add(value, count);
        }
        times
    }
}

impl From<Times> for Vec<(u64, u64)> {
    fn from(times: Times) -> Self {
        times.recorded().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_exact_to_a_thousandth() {
        for value in [0, 1, 2047, 2048, 2049, 4095, 4096, 123_456, 59_999_999_999] {
            let found = floor(bucket(value));
            assert!(found <= value && value - found <= value / 1024, "{value} is read as {found}");
            assert!(floor(bucket(value) + 1) > value, "{value} is in the next bucket as well");
        }
    }

    #[test]
    fn a_stored_histogram_says_the_same() {
        let mut times = Times::default();
        (1..=1000).for_each(|ms| times.record(Duration::from_millis(ms)));

        let read: Times = serde_json::from_str(&serde_json::to_string(&times).unwrap()).unwrap();

        assert_eq!(read.count(), 1000);
        assert_eq!(read.quantile(0.95), times.quantile(0.95));
        assert_eq!(read.at_rank(1), times.at_rank(1));
        assert_eq!(read.longest(), times.longest());
    }

    #[test]
    fn an_empty_histogram_has_no_quantile() {
        assert_eq!(Times::default().quantile(0.95), None);
        assert_eq!(Times::default().mean(), None);
        assert_eq!(serde_json::to_string(&Times::default()).unwrap(), "[]");
    }

    #[test]
    fn ranks_count_from_the_shortest() {
        let mut times = Times::default();
        (1..=50).rev().for_each(|us| times.record(Duration::from_micros(us)));

        assert_eq!([1, 25, 50].map(|rank| times.at_rank(rank)), [Some(1), Some(25), Some(50)]);
        assert_eq!(times.at_rank(51), None);
        assert_eq!([0.0, 0.5, 0.95, 1.0].map(|q| times.quantile(q)), [1, 25, 48, 50].map(Some));
    }

    #[test]
    fn merged_histograms_are_as_one() {
        let (mut one, mut other) = (Times::default(), Times::default());
        (1..=100).for_each(|it| if it % 2 == 0 { &mut one } else { &mut other }.record_value(it));

        one.merge(&other);

        assert_eq!((one.count(), one.quantile(0.5)), (100, Some(50)));
        assert!((one.mean().unwrap() - 50.5).abs() < 1e-9);
        one.clear();
        assert_eq!((one.count(), one.longest()), (0, None));
    }
}
