//! How much of everything there may be.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::outbox::OutboxLimits;
use crate::ring::RingLimits;

/// What is shown in one channel, in bytes: below the largest message that every client takes.
pub(crate) const PEOPLE_BYTES_MAX: usize = 900_000;

/// Longest name under which somebody is shown, and of a kind of message, in bytes.
pub(crate) const NAME_BYTES_MAX: usize = 255;

/// What a frame holds besides the payload, in bytes, at most.
const ENVELOPE_BYTES: usize = 4096;

/// Messages that wait for the answer to a join.
pub(crate) const WAITING_MAX: usize = 16;

/// How much of everything there may be.
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
    pub(crate) ring: RingLimits,
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
            ring: RingLimits { messages: settings.replay_messages, bytes: settings.replay_bytes },
            grace: Duration::from_millis(settings.presence_grace_ms),
            idle: Duration::from_secs(settings.idle_timeout_secs),
            recheck: Duration::from_secs(settings.recheck_secs),
            volatile: settings.volatile_events.clone(),
        }
    }

    /// Largest message that a client may send, in bytes.
    pub(crate) fn frame_bytes(&self) -> usize {
        self.payload_bytes + ENVELOPE_BYTES
    }

    /// Whether of such messages only the latest matters.
    pub(crate) fn is_volatile(&self, event: &str) -> bool {
        self.volatile.iter().any(|it| it == event)
    }
}

/// Lets so many through in a second, and twice as many at once.
pub(crate) fn meter(per_second: u32) -> DefaultDirectRateLimiter {
    let rate = NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN);
    RateLimiter::direct(Quota::per_second(rate).allow_burst(rate.saturating_add(rate.get())))
}
