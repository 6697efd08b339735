//! What the lane looks like from outside.

use std::time::Duration;

use metrics::{Counter, Histogram, counter, histogram};

/// The figures of a lane.
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

    /// Notes how long somebody waited whose turn has come.
    pub(super) fn waited(&self, time: Duration) {
        self.wait.record(time);
    }

    /// Notes how long a hash took.
    pub(super) fn hashed(&self, time: Duration) {
        self.duration.record(time);
    }

    /// Notes that a caller was told to come again.
    pub(super) fn refused(&self) {
        self.refused.increment(1);
    }

    /// Notes that a turn came for somebody who had gone or had waited too long.
    pub(super) fn passed_over(&self) {
        self.passed_over.increment(1);
    }
}
