//! Objectives: data in `perf/slo.toml`, judged here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::statistics::{quantile_ranks, real, wilson};
use crate::tally::{Recording, Tally};

/// As `save.p95 < 50ms`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Objective {
    pub(crate) step: String,
    pub(crate) metric: Metric,
    pub(crate) operator: Operator,
    /// In the unit of the metric: a share, microseconds, or successes a second.
    pub(crate) limit: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Metric {
    Success,
    /// Of the response time.
    Quantile(f64),
    Mean,
    Rate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

/// The result of judging an objective.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) objective: Objective,
    /// None where nothing was measured.
    pub(crate) value: Option<f64>,
    /// The 95 % confidence interval; an open end is none.
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    pub(crate) samples: u64,
    pub(crate) pass: bool,
    /// Whether the whole interval is on the same side of the limit.
    pub(crate) certain: bool,
}

impl Objective {
    /// Judges a load.
    pub(crate) fn judge(&self, recording: &Recording) -> Verdict {
        let tally = recording.steps.get(&self.step);
        let samples = tally.map_or(0, |tally| match self.metric {
            Metric::Success => tally.total(),
            _ => tally.successes(),
        });
        let [value, low, high] = match tally {
            Some(tally) if samples > 0 => self.measure(tally, recording),
            _ => [None; 3],
        };
        let pass = value.is_some_and(|value| self.operator.holds(value, self.limit));
        let both = [low, high].map(|end| end.map(|it| self.operator.holds(it, self.limit) == pass));
        Verdict {
            objective: self.clone(),
            value,
            low,
            high,
            samples,
            pass,
            // No sample proves that nothing ever fails.
            certain: self.operator == Operator::Equal || both == [Some(true); 2],
        }
    }

    fn measure(&self, tally: &Tally, recording: &Recording) -> [Option<f64>; 3] {
        let times = &tally.response;
        let micros = |value: Option<u64>| value.map(real);
        match self.metric {
            Metric::Success => {
                let (low, high) = wilson(tally.successes(), tally.total());
                [Some(real(tally.successes()) / real(tally.total())), Some(low), Some(high)]
            }
            Metric::Quantile(q) if q >= 1.0 => [micros(times.longest()), None, None],
            Metric::Quantile(q) => {
                let (low, high) = quantile_ranks(times.count(), q);
                let at = |rank: Option<u64>| micros(rank.and_then(|it| times.at_rank(it)));
                [micros(times.quantile(q)), at(low), at(high)]
            }
            Metric::Mean => [times.mean(), None, None],
            Metric::Rate => [Some(recording.rate(&self.step)), None, None],
        }
    }

    /// The same, so many times easier to meet; shares stay.
    pub(crate) fn widened(&self, times: f64) -> Self {
        let limit = match self.metric {
            Metric::Success => self.limit,
            Metric::Rate => self.limit / times,
            Metric::Quantile(_) | Metric::Mean => self.limit * times,
        };
        Self { limit, ..self.clone() }
    }
}

impl Verdict {
    /// The factor by which it is better than asked.
    pub(crate) fn headroom(&self) -> Option<f64> {
        let value = self.value.filter(|value| *value > 0.0)?;
        match self.objective.metric {
            Metric::Success => None,
            Metric::Rate => Some(value / self.objective.limit),
            Metric::Quantile(_) | Metric::Mean => Some(self.objective.limit / value),
        }
    }
}

impl Metric {
    /// A value of this metric with its unit.
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Success => format!("{:.1} %", value * 100.0),
            Self::Rate => format!("{value:.0}/s"),
            Self::Quantile(_) | Self::Mean => show_micros(value),
        }
    }
}

/// Microseconds with a unit that fits.
pub(crate) fn show_micros(micros: f64) -> String {
    match micros {
        it if it < 1000.0 => format!("{it:.0} us"),
        it if it < 10_000.0 => format!("{:.2} ms", it / 1e3),
        it if it < 100_000.0 => format!("{:.1} ms", it / 1e3),
        it if it < 10_000_000.0 => format!("{:.0} ms", it / 1e3),
        it => format!("{:.1} s", it / 1e6),
    }
}

impl Operator {
    fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Less => value < limit,
            Self::LessOrEqual => value <= limit,
            Self::Greater => value > limit,
            Self::GreaterOrEqual => value >= limit,
            Self::Equal => (value - limit).abs() < 1e-9,
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "=",
        })
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => f.write_str("success"),
            Self::Quantile(q) if *q >= 1.0 => f.write_str("max"),
            Self::Quantile(q) => write!(f, "p{:.0}", q * 100.0),
            Self::Mean => f.write_str("mean"),
            Self::Rate => f.write_str("rate"),
        }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, metric, operator, limit } = self;
        write!(f, "{step}.{metric} {operator} {}", limit_text(*metric, *limit))
    }
}

/// A limit as it is parsed.
fn limit_text(metric: Metric, limit: f64) -> String {
    match metric {
        Metric::Success => format!("{}%", limit * 100.0),
        Metric::Rate => format!("{limit}/s"),
        Metric::Quantile(_) | Metric::Mean if limit >= 1e6 => format!("{}s", limit / 1e6),
        Metric::Quantile(_) | Metric::Mean => format!("{}ms", limit / 1e3),
    }
}

impl FromStr for Objective {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("`{text}`: {what}, as in `save.p95 < 50ms`");
        let start = text.find(['<', '>', '=']).ok_or_else(|| wrong("no operator"))?;
        let (left, rest) = text.split_at(start);
        let (operator, limit) = operator(rest);
        let (step, metric) = left.trim().split_once('.').ok_or_else(|| wrong("no metric"))?;
        let metric = metric.parse().map_err(|()| wrong("no such metric"))?;
        let limit = parse_limit(metric, limit.trim()).ok_or_else(|| wrong("no such limit"))?;
        Ok(Self { step: step.to_owned(), metric, operator, limit })
    }
}

fn operator(text: &str) -> (Operator, &str) {
    let all = [
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ];
    let found = all.into_iter().find_map(|(sign, it)| Some((it, text.strip_prefix(sign)?)));
    found.unwrap_or_else(|| (Operator::Equal, text.trim_start_matches('=')))
}

impl FromStr for Metric {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "success" => Self::Success,
            "rate" => Self::Rate,
            "mean" => Self::Mean,
            "max" => Self::Quantile(1.0),
            "p50" => Self::Quantile(0.5),
            "p90" => Self::Quantile(0.9),
            "p95" => Self::Quantile(0.95),
            "p99" => Self::Quantile(0.99),
            _ => return Err(()),
        })
    }
}

fn parse_limit(metric: Metric, text: &str) -> Option<f64> {
    let units: &[(&str, f64)] = match metric {
        Metric::Success => &[("%", 0.01)],
        Metric::Rate => &[("/s", 1.0)],
        Metric::Quantile(_) | Metric::Mean => &[("us", 1.0), ("ms", 1e3), ("s", 1e6)],
    };
    let found = units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)));
    let (number, factor) = found?;
    let number: f64 = number.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number * factor)
}

impl Serialize for Objective {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Objective {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::tally::{Outcome, Sample};

    fn objective(text: &str) -> Objective {
        text.parse().unwrap()
    }

    /// Saves that took 1, 2, 3 … ms, and some that failed.
    fn recording(successes: u64, failures: u64) -> Recording {
        let (start, mut recording) = (Instant::now(), Recording::default());
        let mut add = |ms, outcome| {
            let done = start + Duration::from_millis(ms);
            let (begun, sent) = (start, start);
            let sample = Sample { step: "save", intended: start, begun, sent, done, outcome };
            recording.add(start, 0, false, &sample);
        };
        (1..=successes).for_each(|ms| add(ms, Outcome::Success));
        (0..failures).for_each(|_| add(1, Outcome::Failed("500".into())));
        recording.seconds = 2.0;
        recording
    }

    #[test]
    fn an_objective_reads_as_it_is_written() {
        for text in ["save.p95 < 50ms", "join.success = 100%", "a.rate >= 100/s", "a.max <= 3s"] {
            assert_eq!(objective(text).to_string(), text);
        }
        assert_eq!(objective("save.p95<1s"), objective("save.p95 < 1000ms"));
    }

    #[test]
    fn what_is_no_objective_says_so() {
        for text in ["save.p95", "p95 < 1s", "save.p42 < 1s", "save.p95 < 5%", "save.p95 < -1ms"] {
            assert!(text.parse::<Objective>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_objective_holds_or_does_not() {
        let recording = recording(100, 0);

        assert!(objective("save.p95 < 96ms").judge(&recording).pass);
        assert!(!objective("save.p95 < 94ms").judge(&recording).pass);
        assert!(objective("save.success = 100%").judge(&recording).pass);
        assert!(objective("save.rate >= 50/s").judge(&recording).pass);
    }

    #[test]
    fn an_interval_across_the_limit_is_not_certain() {
        let recording = recording(100, 0);

        assert!(!objective("save.p50 < 52ms").judge(&recording).certain);
        assert!(objective("save.p50 < 80ms").judge(&recording).certain);
        assert!(objective("save.p50 < 20ms").judge(&recording).certain);
    }

    #[test]
    fn one_failure_is_not_all() {
        let verdict = objective("save.success = 100%").judge(&recording(99, 1));

        assert!(!verdict.pass);
        assert_eq!(verdict.value, Some(0.99));
    }

    #[test]
    fn of_nothing_nothing_holds() {
        for text in ["save.p95 < 1s", "save.success >= 0%", "join.p95 < 1s"] {
            let verdict = objective(text).judge(&recording(0, 0));
            assert!(!verdict.pass && verdict.value.is_none(), "{text}");
        }
    }

    #[test]
    fn headroom_widens_times_and_not_shares() {
        assert_eq!(objective("a.p95 < 50ms").widened(10.0), objective("a.p95 < 500ms"));
        assert_eq!(objective("a.success = 100%").widened(10.0), objective("a.success = 100%"));
    }
}
