//! What the limit looks like from outside.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use super::Priority;

/// The figures of a limit, those of each priority in the order of priorities.
pub(super) struct Figures {
    wait: Histogram,
    passed_over: Counter,
    refused: [Counter; Priority::ALL.len()],
    in_flight: [Gauge; Priority::ALL.len()],
    queued: [Gauge; Priority::ALL.len()],
}

impl Figures {
    pub(super) fn new() -> Self {
        let of = Priority::ALL;
        Self {
            wait: histogram!("cardroom_admission_wait_seconds"),
            passed_over: counter!("cardroom_admission_passed_over_total"),
            refused: of
                .map(|it| counter!("cardroom_admission_refused_total", "priority" => it.name())),
            in_flight: of.map(|it| gauge!("cardroom_admission_in_flight", "priority" => it.name())),
            queued: of.map(|it| gauge!("cardroom_admission_queue_depth", "priority" => it.name())),
        }
    }

    /// Notes how long somebody waited, whatever came of it.
    pub(super) fn waited(&self, time: Duration) {
        self.wait.record(time);
    }

    /// Notes that somebody was told to come again.
    pub(super) fn refused(&self, priority: Priority) {
        self.refused[priority.index()].increment(1);
    }

    /// Notes that a turn came for somebody who had gone.
    pub(super) fn passed_over(&self) {
        self.passed_over.increment(1);
    }

    /// Notes how many of each priority are worked on and how many wait.
    #[expect(clippy::cast_precision_loss, reason = "there are fewer requests than 2^52")]
    pub(super) fn measure(&self, of: impl Fn(Priority) -> (usize, usize)) {
        for priority in Priority::ALL {
            let (in_flight, queued) = of(priority);
            self.in_flight[priority.index()].set(in_flight as f64);
            self.queued[priority.index()].set(queued as f64);
        }
    }
}
