//! Durations in a histogram, in microseconds with three significant digits.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{
    Deserializer as HdrReader, Serializer as _, V2DeflateSerializer,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::micros;

/// Longest duration told apart, in microseconds; whatever took longer counts as this.
const LONGEST: u64 = 600_000_000;

/// Durations. Serializes as base64 of the crate's own compressed form, so that stored runs merge
/// exactly and other tools read them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times(Option<Histogram<u64>>);

impl Times {
    pub(crate) fn record(&mut self, time: Duration) {
        if let Some(histogram) = self.histogram() {
            histogram.saturating_record(micros(time).max(1));
        }
    }

    /// The histogram, made when the first duration comes: most are never needed.
    fn histogram(&mut self) -> Option<&mut Histogram<u64>> {
        if self.0.is_none() {
            self.0 = Histogram::new_with_bounds(1, LONGEST, 3).ok();
        }
        self.0.as_mut()
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        if let (Some(other), Some(histogram)) = (&other.0, self.histogram()) {
            // Both have the same bounds, which is all that could be wrong.
            let _ = histogram.add(other);
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::len)
    }

    /// In microseconds; none of nothing.
    pub(crate) fn quantile(&self, q: f64) -> Option<u64> {
        self.some().map(|it| it.value_at_quantile(q))
    }

    /// The value of a rank, from 1.
    pub(crate) fn at_rank(&self, rank: u64) -> Option<u64> {
        let histogram = self.some()?;
        let mut seen = 0;
        histogram.iter_recorded().find_map(|it| {
            seen += it.count_since_last_iteration();
            (seen >= rank).then(|| it.value_iterated_to())
        })
    }

    /// In microseconds; none of nothing.
    pub(crate) fn mean(&self) -> Option<f64> {
        self.some().map(Histogram::mean)
    }

    /// In microseconds; none of nothing.
    pub(crate) fn longest(&self) -> Option<u64> {
        self.some().map(Histogram::max)
    }

    fn some(&self) -> Option<&Histogram<u64>> {
        self.0.as_ref().filter(|it| !it.is_empty())
    }
}

impl Serialize for Times {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(histogram) = self.some() else { return serializer.serialize_str("") };
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(histogram, &mut bytes)
            .map_err(|_| ser::Error::custom("the histogram cannot be written"))?;
        serializer.serialize_str(&BASE64.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self::default());
        }
        let bytes = BASE64.decode(text).map_err(de::Error::custom)?;
        let histogram = HdrReader::new()
            .deserialize(&mut bytes.as_slice())
            .map_err(|_| de::Error::custom("not a histogram"))?;
        Ok(Self(Some(histogram)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_histogram_says_the_same() {
        let mut times = Times::default();
        (1..=1000).for_each(|ms| times.record(Duration::from_millis(ms)));

        let stored = serde_json::to_string(&times).unwrap();
        let read: Times = serde_json::from_str(&stored).unwrap();

        assert_eq!(read.count(), 1000);
        assert_eq!(read.quantile(0.95), times.quantile(0.95));
        assert_eq!(read.at_rank(1), times.at_rank(1));
    }

    #[test]
    fn of_nothing_there_is_no_quantile() {
        assert_eq!(Times::default().quantile(0.95), None);
        assert_eq!(serde_json::to_string(&Times::default()).unwrap(), "\"\"");
    }

    #[test]
    fn ranks_count_from_the_shortest() {
        let mut times = Times::default();
        (1..=50).rev().for_each(|ms| times.record(Duration::from_micros(ms)));

        assert_eq!([1, 25, 50].map(|rank| times.at_rank(rank)), [Some(1), Some(25), Some(50)]);
        assert_eq!(times.at_rank(51), None);
    }
}
