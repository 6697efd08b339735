//! What realtime looks like from outside.

use std::sync::LazyLock;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

/// The figures, looked up once.
pub(crate) struct Figures {
    pub(crate) sockets: Gauge,
    pub(crate) channels: Gauge,
    pub(crate) received: Counter,
    pub(crate) sent: Counter,
    pub(crate) replayed: Counter,
    delivery: Histogram,
}

/// The figures of this process.
pub(crate) static FIGURES: LazyLock<Figures> = LazyLock::new(|| Figures {
    sockets: gauge!("cardroom_realtime_sockets"),
    channels: gauge!("cardroom_realtime_channels"),
    received: counter!("cardroom_realtime_messages_received_total"),
    sent: counter!("cardroom_realtime_messages_sent_total"),
    replayed: counter!("cardroom_realtime_messages_replayed_total"),
    delivery: histogram!("cardroom_realtime_delivery_duration_seconds"),
});

/// Shows the figures before anything happens: what is not there yet cannot be told from what is lost.
pub(crate) fn show() {
    LazyLock::force(&FIGURES);
}

impl Figures {
    /// Notes how long a message took to the outboxes of all who hear it on one thread.
    pub(crate) fn delivered(&self, time: Duration, count: u64) {
        self.delivery.record(time);
        self.sent.increment(count);
    }
}

/// Counts a message that was not delivered, or not taken in.
pub(crate) fn dropped(reason: &'static str) {
    counter!("cardroom_realtime_messages_dropped_total", "reason" => reason).increment(1);
}

/// Counts somebody who was not let in, or was sent out.
pub(crate) fn refused(reason: &'static str) {
    counter!("cardroom_realtime_refusals_total", "reason" => reason).increment(1);
}
