//! The metrics of the limit.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use super::priority::Priority;

/// The metrics of a limit, those of each priority in the order of priorities.
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

    /// Records a wait, whatever its outcome.
    pub(super) fn waited(&self, time: Duration) {
        self.wait.record(time);
    }

    /// Counts a refusal.
    pub(super) fn refused(&self, priority: Priority) {
        self.refused[priority.index()].increment(1);
    }

    /// Counts a slot whose client had disconnected.
    pub(super) fn passed_over(&self) {
        self.passed_over.increment(1);
    }

    /// Sets the gauges of each priority: requests in flight, and requests that wait.
    #[expect(clippy::cast_precision_loss, reason = "there are fewer requests than 2^52")]
    pub(super) fn measure(&self, of: impl Fn(Priority) -> (usize, usize)) {
        for priority in Priority::ALL {
            let (in_flight, queued) = of(priority);
            self.in_flight[priority.index()].set(in_flight as f64);
            self.queued[priority.index()].set(queued as f64);
        }
    }
}
