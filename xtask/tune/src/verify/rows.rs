//! Predictions and measurements, a row for each.

use serde::{Deserialize, Serialize};
use stress::Section;

use crate::solve::{Burst, Capacity};

/// Largest error of a capacity, and of a burst that is outside of its interval.
const CAPACITY_OFF: f64 = 0.15;
const BURST_OFF: f64 = 0.25;

/// Share of the capacity that is kept when one and a half times as much is asked.
const GOODPUT_MIN: f64 = 0.9;

/// One prediction and its measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) predicted: String,
    pub(crate) measured: String,
    /// (measured - predicted) / predicted, where that has a meaning.
    pub(crate) error: Option<f64>,
    /// `None` where it is not judged, or was disturbed.
    pub(crate) holds: Option<bool>,
    /// Whether others used the machine meanwhile.
    #[serde(default)]
    pub(crate) disturbed: bool,
}

impl Row {
    /// A row that is not judged.
    pub(super) fn new(
        name: impl Into<String>,
        predicted: impl Into<String>,
        measured: impl Into<String>,
    ) -> Self {
        let (name, predicted, measured) = (name.into(), predicted.into(), measured.into());
        Self { name, predicted, measured, error: None, holds: None, disturbed: false }
    }

    fn judged(self, holds: bool) -> Self {
        Self { holds: Some(holds), ..self }
    }

    fn off_by(self, error: f64) -> Self {
        Self { error: Some(error), ..self }
    }

    /// Marks the row as not judged if the load was disturbed.
    pub(super) fn of(self, section: &Section) -> Self {
        if section.is_disturbed() { Self { holds: None, disturbed: true, ..self } } else { self }
    }
}

pub(super) fn rate(name: &str, predicted: f64, measured: f64) -> Row {
    let error = measured / predicted - 1.0;
    let row = Row::new(name, format!("{predicted:.0}/s"), format!("{measured:.0}/s"));
    row.off_by(error).judged(error.abs() <= CAPACITY_OFF)
}

pub(super) fn same(name: &str, predicted: &str, found: &str) -> Row {
    Row::new(name, predicted, found).judged(predicted == found)
}

pub(super) fn burst(name: &str, burst: Burst, measured: f64) -> Row {
    let Burst { people, low, p95, high } = burst;
    let error = measured / p95 - 1.0;
    let within = (low..=high).contains(&measured) || error.abs() <= BURST_OFF;
    let predicted = format!("{p95:.1} ms [{low:.1}, {high:.1}]");
    let row = Row::new(format!("{name} x {people} p95"), predicted, format!("{measured:.1} ms"));
    row.off_by(error).judged(within)
}

fn p95_ms(section: &Section, name: &str) -> f64 {
    section.p95(name).unwrap_or(f64::INFINITY) / 1e3
}

/// Below capacity every request succeeds in time.
pub(super) fn below(name: &str, percent: u32, section: &Section, objective_ms: f64) -> Row {
    let (success, p95) = (section.success(name).unwrap_or_default(), p95_ms(section, name));
    let row = Row::new(
        format!("{name} at {percent} %"),
        format!("all, < {objective_ms:.0} ms"),
        format!("{:.2} %, {p95:.1} ms", success * 100.0),
    );
    row.judged(success >= 0.999 && p95 < objective_ms)
}

/// The p95 at 70 %, which is not judged: the prediction is of a closed loop, which is gentler.
pub(super) fn reported(name: &str, section: &Section, predicted: &Capacity) -> Row {
    let p95 = p95_ms(section, name);
    let predicted_ms = predicted.p95_ms;
    let row = Row::new(
        format!("{name} p95 at 70 %"),
        format!("{predicted_ms:.1} ms"),
        format!("{p95:.1} ms"),
    );
    row.off_by(p95 / predicted_ms - 1.0)
}

/// Beyond capacity throughput stays, and refusals carry `Retry-After`.
pub(super) fn beyond(name: &str, percent: u32, section: &Section, capacity: f64) -> [Row; 2] {
    let share = section.rate(name) / capacity;
    let [refused, mute, failed] = section.unserved(name);
    let (at, dropped) = (format!("{name} at {percent} %"), section.dropped());
    [
        Row::new(
            format!("{at}: throughput"),
            format!(">= {:.0} %", GOODPUT_MIN * 100.0),
            format!("{:.0} %", share * 100.0),
        )
        .judged(share >= GOODPUT_MIN),
        Row::new(
            format!("{at}: no Retry-After"),
            "0",
            format!("{} of {refused}, {dropped} went away", failed + mute),
        )
        .judged(failed + mute == 0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capacity_may_be_off_by_fifteen_percent() {
        assert_eq!(rate("save", 1000.0, 1149.0).holds, Some(true));
        assert_eq!(rate("save", 1000.0, 849.0).holds, Some(false));
    }

    #[test]
    fn a_row_that_is_not_judged_has_neither_result_nor_error() {
        let row = Row::new("drift", "1.00 x", "0.90 x");
        assert_eq!((row.holds, row.error, row.disturbed), (None, None, false));
        assert_eq!(same("save bottleneck", "cores", "lane").holds, Some(false));
    }

    #[test]
    fn a_burst_is_within_its_interval_or_a_quarter_off() {
        let predicted = Burst { people: 50, low: 10.0, p95: 20.0, high: 22.0 };
        for (measured, holds) in [(11.0, true), (24.9, true), (25.1, false), (9.9, false)] {
            assert_eq!(burst("save", predicted, measured).holds, Some(holds), "{measured}");
        }
    }
}
