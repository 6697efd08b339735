//! What all channels of a room share: the count of what is said in it, and how much that may be.

use std::sync::atomic::{AtomicU64, Ordering};

use governor::DefaultDirectRateLimiter;

use crate::limits::{Limits, meter};

/// What all channels of a room share.
#[derive(Debug)]
pub(crate) struct Pulse {
    said: AtomicU64,
    meter: DefaultDirectRateLimiter,
}

/// More is said in a room than it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMuch;

impl Pulse {
    /// Of a room in which nothing was said yet.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { said: AtomicU64::new(0), meter: meter(limits.room_messages_per_second) }
    }

    /// Lets one more message through.
    ///
    /// # Errors
    /// When too much is said in this room.
    pub(crate) fn admit(&self) -> Result<(), TooMuch> {
        self.meter.check().map_err(|_| TooMuch)
    }

    /// The number of the next broadcast: 1, 2, 3 … in all channels together. To be asked for under the
    /// lock of a channel, so that numbers only grow in each.
    pub(crate) fn next(&self) -> u64 {
        self.said.fetch_add(1, Ordering::Relaxed) + 1
    }
}
