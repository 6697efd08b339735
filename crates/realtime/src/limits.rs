//! The bounds of this crate, from the settings.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::frame_reader::MessageLimits;
use crate::outbox::OutboxLimits;
use crate::replay::ReplayLimits;

/// Presence of one channel, in bytes: below the largest message that every client accepts (1 MiB).
pub(crate) const PRESENCE_BYTES_MAX: usize = 900_000;

/// Longest presence key and longest event, in bytes.
pub(crate) const NAME_BYTES_MAX: usize = 255;

/// Largest part of a message besides its payload, in bytes.
const ENVELOPE_BYTES: usize = 4096;

/// A socket may exceed its rate limit by this many times the limit before it is closed: its messages are
/// refused one by one until then, as clients expect it.
pub(crate) const EXCESS_FACTOR: u32 = 10;

/// Messages for one channel that wait for the authorization of its join.
pub(crate) const PENDING_MESSAGES_MAX: usize = 16;

/// The bounds of this crate.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) payload_bytes: usize,
    pub(crate) messages: MessageLimits,
    pub(crate) presence_bytes: usize,
    pub(crate) channels_per_socket: usize,
    pub(crate) channels_per_room: usize,
    pub(crate) sockets_per_address: usize,
    pub(crate) messages_per_second: u32,
    pub(crate) room_messages_per_second: u32,
    pub(crate) outbox: OutboxLimits,
    pub(crate) replay: ReplayLimits,
    pub(crate) replay_bytes: usize,
    /// How long the presence of a member stays that left.
    pub(crate) grace: Duration,
    /// How long the presence of a member stays whose connection was lost.
    pub(crate) lost_grace: Duration,
    /// How long a channel of a new process waits before it sends `presence_state`.
    pub(crate) settle: Duration,
    pub(crate) idle: Duration,
    pub(crate) recheck: Duration,
    pub(crate) volatile: Vec<String>,
    /// Whether pages that ask for the table of a game are shown it.
    pub(crate) shows_table: bool,
    /// Whether moves of visitors are saved that no page saves.
    pub(crate) saves_moves: bool,
}

impl Limits {
    pub(crate) fn of(settings: &settings::Realtime) -> Self {
        let kept = settings.payload_bytes + ENVELOPE_BYTES;
        Self {
            payload_bytes: settings.payload_bytes,
            messages: MessageLimits { kept, accepted: settings.frame_bytes.max(kept) },
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
            replay_bytes: settings.replay_total_bytes,
            lost_grace: Duration::from_millis(settings.presence_lost_grace_ms),
            settle: Duration::from_millis(settings.presence_settle_ms),
            grace: Duration::from_millis(settings.presence_grace_ms),
            idle: Duration::from_secs(settings.idle_timeout_secs),
            recheck: Duration::from_secs(settings.recheck_secs),
            volatile: settings.volatile_events.clone(),
            shows_table: settings.show_table,
            saves_moves: settings.save_visitor_moves,
        }
    }

    /// Largest message that is read into memory, in bytes.
    pub(crate) fn frame_bytes(&self) -> usize {
        self.messages.kept
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
