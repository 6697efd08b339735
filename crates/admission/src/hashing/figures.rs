//! The metrics of the lane.

use std::time::Duration;

use metrics::{Counter, Histogram, counter, histogram};

/// The metrics of a lane.
#[derive(Clone)]
pub(super) struct Figures {
    wait: Histogram,
    duration: Histogram,
    refused: Counter,
    passed_over: Counter,
}

impl Figures {
    pub(super) fn new() -> Self {
        Self {
            wait: histogram!("cardroom_hashing_wait_seconds"),
            duration: histogram!("cardroom_hashing_duration_seconds"),
            refused: counter!("cardroom_hashing_refused_total"),
            passed_over: counter!("cardroom_hashing_passed_over_total"),
        }
    }

    /// Records the wait of a caller whose turn has come.
    pub(super) fn waited(&self, time: Duration) {
        self.wait.record(time);
    }

    /// Records the duration of a hash.
    pub(super) fn hashed(&self, time: Duration) {
        self.duration.record(time);
    }

    /// Counts a refusal.
    pub(super) fn refused(&self) {
        self.refused.increment(1);
    }

    /// Counts a turn of a caller that had gone or had waited too long.
    pub(super) fn passed_over(&self) {
        self.passed_over.increment(1);
    }
}
