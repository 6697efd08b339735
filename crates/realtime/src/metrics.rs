//! The metrics of this crate.

use std::sync::LazyLock;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

/// The metrics, looked up once.
pub(crate) struct Metrics {
    pub(crate) sockets: Gauge,
    pub(crate) channels: Gauge,
    pub(crate) received: Counter,
    pub(crate) sent: Counter,
    pub(crate) replayed: Counter,
    replay_bytes: Gauge,
    delivery: Histogram,
}

/// The metrics of this process.
pub(crate) static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics {
    sockets: gauge!("cardroom_realtime_sockets"),
    channels: gauge!("cardroom_realtime_channels"),
    received: counter!("cardroom_realtime_messages_received_total"),
    sent: counter!("cardroom_realtime_messages_sent_total"),
    replay_bytes: gauge!("cardroom_realtime_replay_bytes"),
    replayed: counter!("cardroom_realtime_messages_replayed_total"),
    delivery: histogram!("cardroom_realtime_delivery_duration_seconds"),
});

/// Registers the metrics with their first value: an absent series looks like a lost one.
pub(crate) fn register() {
    LazyLock::force(&METRICS);
}

impl Metrics {
    /// Records the memory of the broadcasts that are kept for replay.
    #[expect(clippy::cast_precision_loss, reason = "the bound is far below 2^53")]
    pub(crate) fn set_replay_bytes(&self, bytes: usize) {
        self.replay_bytes.set(bytes as f64);
    }

    /// Records the time from a channel to the outboxes of its members on one thread.
    pub(crate) fn delivered(&self, time: Duration, count: u64) {
        self.delivery.record(time);
        self.sent.increment(count);
    }
}

/// Counts a message that was not delivered, or not accepted.
pub(crate) fn dropped(reason: &'static str) {
    counter!("cardroom_realtime_messages_dropped_total", "reason" => reason).increment(1);
}

/// Counts a socket or a membership that was refused or ended.
pub(crate) fn refused(reason: &'static str) {
    counter!("cardroom_realtime_refusals_total", "reason" => reason).increment(1);
}
