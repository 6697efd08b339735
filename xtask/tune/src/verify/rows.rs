//! What was predicted and what was found, a row for each.

use serde::{Deserialize, Serialize};

use crate::solve::{Burst, Capacity};
use crate::stress::Section;

use super::steps::Step;

/// How far a capacity may be off, and a burst that is outside of its interval.
const CAPACITY_OFF: f64 = 0.15;
const BURST_OFF: f64 = 0.25;

/// Of the capacity, so much is still done when one and a half times as much is asked.
const GOODPUT_MIN: f64 = 0.9;

/// One thing that was predicted and measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) predicted: String,
    pub(crate) measured: String,
    /// (measured - predicted) / predicted; none where that says nothing.
    pub(crate) error: Option<f64>,
    /// None of what is only told, or was disturbed.
    pub(crate) holds: Option<bool>,
    /// Whether others used the machine meanwhile, so that nothing follows.
    #[serde(default)]
    pub(crate) disturbed: bool,
}

impl Row {
    /// Judges nothing by a load that was disturbed.
    pub(super) fn of(self, section: &Section) -> Self {
        if section.is_disturbed() { Self { holds: None, disturbed: true, ..self } } else { self }
    }
}

pub(super) fn rate(name: &str, predicted: f64, measured: f64) -> Row {
    let error = measured / predicted - 1.0;
    Row {
        name: name.to_owned(),
        predicted: format!("{predicted:.0}/s"),
        measured: format!("{measured:.0}/s"),
        error: Some(error),
        holds: Some(error.abs() <= CAPACITY_OFF),
        disturbed: false,
    }
}

pub(super) fn same(name: &str, predicted: &str, found: &str) -> Row {
    Row {
        name: name.to_owned(),
        predicted: predicted.to_owned(),
        measured: found.to_owned(),
        error: None,
        holds: Some(predicted == found),
        disturbed: false,
    }
}

pub(super) fn burst(name: &str, burst: Burst, measured: f64) -> Row {
    let Burst { people, low, p95, high } = burst;
    let error = measured / p95 - 1.0;
    let within = (low..=high).contains(&measured) || error.abs() <= BURST_OFF;
    Row {
        name: format!("{name} x {people} p95"),
        predicted: format!("{p95:.1} ms [{low:.1}, {high:.1}]"),
        measured: format!("{measured:.1} ms"),
        error: Some(error),
        holds: Some(within),
        disturbed: false,
    }
}

/// Below capacity everything that is asked is done, in time.
pub(super) fn below(name: &str, step: &Step, objective_ms: f64) -> Row {
    let success = step.section.value(name, "success").unwrap_or_default();
    let p95 = step.section.value(name, "p95").unwrap_or(f64::INFINITY) / 1e3;
    Row {
        name: format!("{name} at {} %", step.percent),
        predicted: format!("all, < {objective_ms:.0} ms"),
        measured: format!("{:.2} %, {p95:.1} ms", success * 100.0),
        error: None,
        holds: Some(success >= 0.999 && p95 < objective_ms),
        disturbed: false,
    }
}

/// The time at 70 %, which no verdict hangs on: it is the one of a closed loop, which is gentler.
pub(super) fn told(name: &str, step: &Step, predicted: &Capacity) -> Row {
    let p95 = step.section.value(name, "p95").unwrap_or(f64::INFINITY) / 1e3;
    Row {
        name: format!("{name} p95 at 70 %"),
        predicted: format!("{:.1} ms", predicted.p95_ms),
        measured: format!("{p95:.1} ms"),
        error: Some(p95 / predicted.p95_ms - 1.0),
        holds: None,
        disturbed: false,
    }
}

/// Beyond capacity as much is done as before, and who is refused is told when to come back.
pub(super) fn manners(name: &str, step: &Step, capacity: f64) -> [Row; 2] {
    let share = step.rate / capacity;
    let (mut failed, mut mute, mut refused) = (0, 0, 0);
    if let Some(tally) = step.section.tally(name) {
        (failed, mute) = (tally.failed, tally.refused_without_when);
        refused = tally.refused.values().sum();
    }
    let at = format!("{name} at {} %", step.percent);
    [
        Row {
            name: format!("{at}: still done"),
            predicted: format!(">= {:.0} %", GOODPUT_MIN * 100.0),
            measured: format!("{:.0} %", share * 100.0),
            error: None,
            holds: Some(share >= GOODPUT_MIN),
            disturbed: false,
        },
        Row {
            name: format!("{at}: no without a when"),
            predicted: "0".to_owned(),
            measured: format!(
                "{} of {refused}, {} went away",
                failed + mute,
                step.section.dropped()
            ),
            error: None,
            holds: Some(failed + mute == 0),
            disturbed: false,
        },
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
    fn a_burst_is_within_its_interval_or_a_quarter_off() {
        let foretold = Burst { people: 50, low: 10.0, p95: 20.0, high: 22.0 };
        for (measured, holds) in [(11.0, true), (24.9, true), (25.1, false), (9.9, false)] {
            assert_eq!(burst("save", foretold, measured).holds, Some(holds), "{measured}");
        }
    }
}
