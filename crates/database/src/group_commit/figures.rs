//! What group commits look like from outside: how many wait, leave together, and how long it takes.

use std::time::Duration;

use metrics::{Counter, Histogram, counter, histogram};

/// The figures of a queue.
#[derive(Clone)]
pub(super) struct QueueFigures {
    depth: Histogram,
}

impl QueueFigures {
    pub(super) fn of(work: &'static str) -> Self {
        Self { depth: histogram!("cardroom_group_commit_queue_depth", "work" => work) }
    }

    /// Notes how many requests wait in a lane, the newest included.
    #[expect(clippy::cast_precision_loss, reason = "queues are shorter than 2^52")]
    pub(super) fn depth(&self, requests: usize) {
        self.depth.record(requests as f64);
    }
}

/// The figures of a lane's commits.
pub(super) struct CommitFigures {
    groups: Histogram,
    seconds: Histogram,
    repeats: Counter,
}

impl CommitFigures {
    pub(super) fn of(work: &'static str) -> Self {
        Self {
            groups: histogram!("cardroom_group_commit_size", "work" => work),
            seconds: histogram!("cardroom_group_commit_duration_seconds", "work" => work),
            repeats: counter!("cardroom_group_commit_repeats_total", "work" => work),
        }
    }

    /// Notes a commit of so many requests.
    #[expect(clippy::cast_precision_loss, reason = "groups are smaller than 2^52")]
    pub(super) fn committed(&self, requests: usize, time: Duration) {
        self.groups.record(requests as f64);
        self.seconds.record(time);
    }

    /// Notes that a group has to be tried again.
    pub(super) fn repeated(&self) {
        self.repeats.increment(1);
    }
}
