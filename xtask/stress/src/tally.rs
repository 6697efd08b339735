//! The measurements of a load: every request with its three clocks, counted and merged exactly.

mod slots;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

pub(crate) use slots::{Slot, Slots, row, row_floor};

use crate::statistics::real;
use crate::times::{Times, micros};

/// Bars of a timeline at most; it is for one burst.
const BARS_MAX: usize = 1000;

/// Messages of failures that are kept of a step.
const MESSAGES_MAX: usize = 5;

/// One request.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) step: &'static str,
    /// When it was due, by the plan or by the user's last answer.
    pub(crate) intended: Instant,
    /// When the generator began with it, before connecting.
    pub(crate) begun: Instant,
    /// When it was sent.
    pub(crate) sent: Instant,
    /// When its answer was complete.
    pub(crate) done: Instant,
    pub(crate) outcome: Outcome,
}

/// The result of a request.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// The expected answer.
    Success,
    /// 429 or 503, with or without `Retry-After`.
    Refused { status: u16, has_retry_after: bool },
    /// Any other status, a broken connection, or an unexpected answer.
    Failed(String),
}

/// All requests of one step.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// From the intended moment to the answer, of successes.
    pub(crate) response: Times,
    /// From sending to the answer, of successes.
    pub(crate) service: Times,
    /// From sending to the answer or the timeout, of all others.
    #[serde(default)]
    pub(crate) unserved: Times,
    pub(crate) refused: BTreeMap<u16, u64>,
    /// Refusals without `Retry-After`.
    pub(crate) refused_without_when: u64,
    pub(crate) failed: u64,
    /// The first few failures.
    pub(crate) messages: Vec<String>,
}

impl Tally {
    pub(crate) fn successes(&self) -> u64 {
        self.response.count()
    }

    pub(crate) fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Requests that were sent.
    pub(crate) fn total(&self) -> u64 {
        self.successes() + self.refusals() + self.failed
    }

    /// The longest wait for an answer of any kind, in microseconds.
    pub(crate) fn longest(&self) -> u64 {
        self.service.longest().max(self.unserved.longest()).unwrap_or(0)
    }

    fn add(&mut self, sample: &Sample) {
        if !matches!(sample.outcome, Outcome::Success) {
            self.unserved.record(sample.done - sample.sent);
        }
        match &sample.outcome {
            Outcome::Success => {
                self.response.record(sample.done - sample.intended);
                self.service.record(sample.done - sample.sent);
            }
            Outcome::Refused { status, has_retry_after } => {
                *self.refused.entry(*status).or_default() += 1;
                self.refused_without_when += u64::from(!has_retry_after);
            }
            Outcome::Failed(message) => {
                self.failed += 1;
                self.keep(message);
            }
        }
    }

    fn keep(&mut self, message: &str) {
        if self.messages.len() < MESSAGES_MAX && !self.messages.iter().any(|it| it == message) {
            self.messages.push(message.to_owned());
        }
    }

    fn merge(&mut self, other: &Self) {
        self.response.merge(&other.response);
        self.service.merge(&other.service);
        self.unserved.merge(&other.unserved);
        for (status, count) in &other.refused {
            *self.refused.entry(*status).or_default() += count;
        }
        self.refused_without_when += other.refused_without_when;
        self.failed += other.failed;
        other.messages.iter().for_each(|it| self.keep(it));
    }
}

/// One request of a burst, in microseconds from its start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Bar {
    #[serde(rename = "person")]
    pub(crate) user: usize,
    pub(crate) step: String,
    pub(crate) sent: u64,
    pub(crate) done: u64,
    pub(crate) success: bool,
}

/// The measurements of one load, or of several of the same kind.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Recording {
    pub(crate) steps: BTreeMap<String, Tally>,
    pub(crate) slots: Slots,
    pub(crate) timeline: Vec<Bar>,
    /// From the intended moment to the generator's beginning, of planned requests: its own lateness.
    pub(crate) lag: Times,
    /// From the intended moment to the answer, of the same requests.
    #[serde(default)]
    pub(crate) planned: Times,
    /// Time to connect.
    pub(crate) connect: Times,
    /// Arrivals that found every user busy, and were not sent.
    pub(crate) dropped: u64,
    /// Requests that were due.
    pub(crate) offered: u64,
    /// Time under load without the warm-up, in seconds.
    pub(crate) seconds: f64,
    /// Sum of the times of all requests, in seconds.
    pub(crate) busy_seconds: f64,
    pub(crate) generator: Generator,
}

/// Consumption of the generator's thread, in seconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Generator {
    /// Processor time.
    pub(crate) cpu: f64,
    /// Time in which it was runnable without a core.
    pub(crate) waited: f64,
    /// Elapsed time.
    pub(crate) wall: f64,
}

impl Recording {
    /// An empty recording with slots for a load of about `time`.
    pub(crate) fn of(time: Duration) -> Self {
        Self { slots: Slots::of(time), ..Self::default() }
    }

    /// Adds a request of a load that began at `start`.
    pub(crate) fn add(&mut self, start: Instant, user: usize, planned: bool, sample: &Sample) {
        if !self.steps.contains_key(sample.step) {
            self.steps.insert(sample.step.to_owned(), Tally::default());
        }
        if let Some(tally) = self.steps.get_mut(sample.step) {
            tally.add(sample);
        }
        let success = matches!(sample.outcome, Outcome::Success);
        self.slots.add(sample.done - start, sample.done - sample.intended, &sample.outcome);
        self.busy_seconds += (sample.done - sample.sent).as_secs_f64();
        if planned {
            self.lag.record(sample.begun.saturating_duration_since(sample.intended));
            self.planned.record(sample.done - sample.intended);
        }
        if self.timeline.len() < BARS_MAX {
            let step = sample.step.to_owned();
            let (sent, done) = (micros(sample.sent - start), micros(sample.done - start));
            self.timeline.push(Bar { user, step, sent, done, success });
        }
    }

    /// Adds another load of the same kind. The timeline stays that of the first.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (step, tally) in &other.steps {
            self.steps.entry(step.clone()).or_default().merge(tally);
        }
        if self.timeline.is_empty() {
            self.timeline.clone_from(&other.timeline);
        }
        self.slots.follow(&other.slots);
        self.lag.merge(&other.lag);
        self.planned.merge(&other.planned);
        self.connect.merge(&other.connect);
        self.dropped += other.dropped;
        self.offered += other.offered;
        self.seconds += other.seconds;
        self.busy_seconds += other.busy_seconds;
        self.generator.cpu += other.generator.cpu;
        self.generator.waited += other.generator.waited;
        self.generator.wall += other.generator.wall;
    }

    /// Requests that were sent.
    pub(crate) fn total(&self) -> u64 {
        self.steps.values().map(Tally::total).sum()
    }

    /// Successes a second.
    pub(crate) fn rate(&self, step: &str) -> f64 {
        let successes = self.steps.get(step).map_or(0, Tally::successes);
        real(successes) / self.seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(start: Instant, clocks: [u64; 3], outcome: Outcome) -> Sample {
        let [intended, sent, done] = clocks.map(|ms| start + Duration::from_millis(ms));
        Sample { step: "save", intended, begun: sent, sent, done, outcome }
    }

    #[test]
    fn response_time_counts_from_the_intended_moment() {
        let (start, mut recording) = (Instant::now(), Recording::default());

        recording.add(start, 0, true, &sample(start, [10, 40, 50], Outcome::Success));

        let tally = &recording.steps["save"];
        assert!(tally.response.quantile(0.5).unwrap().abs_diff(40_000) < 32);
        assert!(tally.service.quantile(0.5).unwrap().abs_diff(10_000) < 10);
        assert!(recording.lag.quantile(0.5).unwrap().abs_diff(30_000) < 32);
    }

    #[test]
    fn refusals_are_no_latency() {
        let (start, mut recording) = (Instant::now(), Recording::default());

        let refused = Outcome::Refused { status: 503, has_retry_after: false };
        recording.add(start, 0, false, &sample(start, [0, 0, 1], refused));
        recording.add(start, 0, false, &sample(start, [0, 0, 9], Outcome::Failed("500".into())));
        recording.add(start, 0, false, &sample(start, [0, 0, 9], Outcome::Success));

        let tally = &recording.steps["save"];
        assert_eq!((tally.successes(), tally.refusals(), tally.failed), (1, 1, 1));
        assert_eq!((tally.refused_without_when, tally.total()), (1, 3));
        assert_eq!((tally.service.count(), tally.unserved.count()), (1, 2));
    }

    #[test]
    fn merging_loses_nothing() {
        let (start, mut one, mut other) =
            (Instant::now(), Recording::default(), Recording::default());
        for ms in 1..=100 {
            let half = if ms % 2 == 0 { &mut one } else { &mut other };
            half.add(start, 0, false, &sample(start, [0, 0, ms], Outcome::Success));
        }

        one.merge(&other);

        assert_eq!(one.total(), 100);
        assert!(one.steps["save"].response.quantile(0.95).unwrap().abs_diff(95_000) < 64);
    }
}
