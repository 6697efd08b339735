//! The bounds of this crate, from the settings.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::outbox::OutboxLimits;
use crate::replay::ReplayLimits;

/// Presence of one channel, in bytes: below the largest message that every client accepts (1 MiB).
pub(crate) const PRESENCE_BYTES_MAX: usize = 900_000;

/// Longest presence key and longest event, in bytes.
pub(crate) const NAME_BYTES_MAX: usize = 255;

/// Largest part of a message besides its payload, in bytes.
const ENVELOPE_BYTES: usize = 4096;

/// Messages for one channel that wait for the authorization of its join.
pub(crate) const PENDING_MESSAGES_MAX: usize = 16;

/// The bounds of this crate.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) payload_bytes: usize,
    pub(crate) presence_bytes: usize,
    pub(crate) channels_per_socket: usize,
    pub(crate) channels_per_room: usize,
    pub(crate) sockets_per_address: usize,
    pub(crate) messages_per_second: u32,
    pub(crate) room_messages_per_second: u32,
    pub(crate) outbox: OutboxLimits,
    pub(crate) replay: ReplayLimits,
    pub(crate) grace: Duration,
    pub(crate) idle: Duration,
    pub(crate) recheck: Duration,
    pub(crate) volatile: Vec<String>,
}

impl Limits {
    pub(crate) fn of(settings: &settings::Realtime) -> Self {
        Self {
            payload_bytes: settings.payload_bytes,
            presence_bytes: settings.presence_bytes,
            channels_per_socket: settings.channels_per_socket,
            channels_per_room: settings.channels_per_room,
            sockets_per_address: settings.sockets_per_address,
            messages_per_second: settings.messages_per_second,
            room_messages_per_second: settings.room_messages_per_second,
            outbox: OutboxLimits { frames: settings.queue_frames, bytes: settings.queue_bytes },
            replay: ReplayLimits {
                messages: settings.replay_messages,
                bytes: settings.replay_bytes,
            },
            grace: Duration::from_millis(settings.presence_grace_ms),
            idle: Duration::from_secs(settings.idle_timeout_secs),
            recheck: Duration::from_secs(settings.recheck_secs),
            volatile: settings.volatile_events.clone(),
        }
    }

    /// Largest message that is read into memory, in bytes.
    pub(crate) fn frame_bytes(&self) -> usize {
        self.payload_bytes + ENVELOPE_BYTES
    }

    /// Whether only the latest broadcast with this event has to arrive.
    pub(crate) fn is_volatile(&self, event: &str) -> bool {
        self.volatile.iter().any(|it| it == event)
    }
}

/// A limit of `per_second`, with a burst of twice that.
pub(crate) fn rate_limiter(per_second: u32) -> DefaultDirectRateLimiter {
    let rate = NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN);
    RateLimiter::direct(Quota::per_second(rate).allow_burst(rate.saturating_add(rate.get())))
}
