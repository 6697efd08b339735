//! The metrics of group commits: queue depth, group size, duration, retries.

use std::time::Duration;

use metrics::{Counter, Histogram, counter, histogram};

/// The metrics of the queues of one kind of write.
#[derive(Clone)]
pub(super) struct QueueMetrics {
    depth: Histogram,
}

impl QueueMetrics {
    pub(super) fn of(work: &'static str) -> Self {
        Self { depth: histogram!("cardroom_group_commit_queue_depth", "work" => work) }
    }

    /// Records the number of requests in a queue, the newest included.
    #[expect(clippy::cast_precision_loss, reason = "queues are shorter than 2^52")]
    pub(super) fn record_depth(&self, requests: usize) {
        self.depth.record(requests as f64);
    }
}

/// The metrics of one lane's commits.
pub(super) struct CommitMetrics {
    sizes: Histogram,
    seconds: Histogram,
    retries: Counter,
}

impl CommitMetrics {
    pub(super) fn of(work: &'static str) -> Self {
        Self {
            sizes: histogram!("cardroom_group_commit_size", "work" => work),
            seconds: histogram!("cardroom_group_commit_duration_seconds", "work" => work),
            retries: counter!("cardroom_group_commit_repeats_total", "work" => work),
        }
    }

    /// Records a commit of so many requests.
    #[expect(clippy::cast_precision_loss, reason = "groups are smaller than 2^52")]
    pub(super) fn record_commit(&self, requests: usize, time: Duration) {
        self.sizes.record(requests as f64);
        self.seconds.record(time);
    }

    /// Counts a group that is retried.
    pub(super) fn count_retry(&self) {
        self.retries.increment(1);
    }
}
