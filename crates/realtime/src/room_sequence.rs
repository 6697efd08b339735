//! The numbering and the rate limit of broadcasts that all channels of a room share.

use std::sync::atomic::{AtomicU64, Ordering};

use governor::DefaultDirectRateLimiter;

use crate::limits::{Limits, rate_limiter};

/// The numbering and the rate limit of the broadcasts of a room.
#[derive(Debug)]
pub(crate) struct RoomSequence {
    last: AtomicU64,
    rate: DefaultDirectRateLimiter,
}

/// A room got more broadcasts than its rate limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoomRateExceeded;

impl RoomSequence {
    /// The sequence of a room without broadcasts.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { last: AtomicU64::new(0), rate: rate_limiter(limits.room_messages_per_second) }
    }

    /// Counts one broadcast against the rate limit.
    ///
    /// # Errors
    /// When the limit is reached.
    pub(crate) fn admit(&self) -> Result<(), RoomRateExceeded> {
        self.rate.check().map_err(|_| RoomRateExceeded)
    }

    /// The number of the next broadcast: 1, 2, 3 … in all channels together. Callers hold the lock of
    /// their channel, so that numbers grow within each channel.
    pub(crate) fn next(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }
}
