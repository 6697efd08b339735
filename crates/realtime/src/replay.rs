//! The last broadcasts of a channel, for members that join late or again. No I/O.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::broadcast::Broadcast;
use crate::protocol::Replay;

/// The last broadcasts of a channel, bounded by number and by size.
#[derive(Debug)]
pub(crate) struct Ring {
    kept: VecDeque<Arc<Broadcast>>,
    bytes: usize,
    limits: ReplayLimits,
    /// The time since when no broadcast is missing, in milliseconds since 1970.
    complete_since: i64,
}

/// Bounds of a ring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplayLimits {
    /// Largest number of broadcasts.
    pub(crate) messages: usize,
    /// Largest sum of their memory, in bytes.
    pub(crate) bytes: usize,
}

/// The answer to a replay request.
#[derive(Debug, PartialEq)]
pub(crate) struct ReplayResult {
    /// The broadcasts, oldest first.
    pub(crate) broadcasts: Vec<Arc<Broadcast>>,
    /// Whether these are all that were asked for.
    pub(crate) is_complete: bool,
}

/// Default number of broadcasts of one replay, as in Supabase.
const REPLAY_MAX: usize = 25;

impl Ring {
    /// The ring of a new channel.
    pub(crate) fn new(limits: ReplayLimits, now: i64) -> Self {
        Self { kept: VecDeque::new(), bytes: 0, limits, complete_since: now }
    }

    /// Adds a broadcast and evicts the oldest beyond the bounds.
    pub(crate) fn push(&mut self, broadcast: Arc<Broadcast>) {
        self.bytes += broadcast.weight();
        self.kept.push_back(broadcast);
        while self.kept.len() > self.limits.messages || self.bytes > self.limits.bytes {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.bytes -= oldest.weight();
            self.complete_since = oldest.at + 1;
        }
    }

    /// The broadcasts that a client asks for.
    pub(crate) fn replay(&self, wanted: &Replay) -> ReplayResult {
        let after = wanted.after.as_deref().map(|id| self.kept.iter().position(|it| *it.id == *id));
        let (from, reaches) = match (after, wanted.since) {
            (Some(found), _) => (found.map_or(0, |index| index + 1), found.is_some()),
            (None, Some(since)) => {
                let from = self.kept.partition_point(|it| it.at < since);
                (from, since >= self.complete_since)
            }
            (None, None) => (0, true),
        };
        let limit = wanted.limit.unwrap_or(REPLAY_MAX);
        let cut = from.max(self.kept.len().saturating_sub(limit));
        let broadcasts = self.kept.range(cut..).cloned().collect();
        // A request for the latest N alone is complete with N.
        let is_cut = cut > from && (wanted.since.is_some() || wanted.after.is_some());
        ReplayResult { broadcasts, is_complete: reaches && !is_cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broadcast::EncodedBroadcast;
    use crate::protocol::Version;

    fn ring(count: usize) -> Ring {
        let mut ring = Ring::new(ReplayLimits { messages: 10, bytes: 10_000 }, 0);
        (1..=count).for_each(|n| ring.push(Arc::new(Broadcast::example(n as u64, "{}"))));
        ring
    }

    #[track_caller]
    fn check(ring: &Ring, wanted: &Replay, numbers: &[u64], is_complete: bool) {
        let past = ring.replay(wanted);
        let found: Vec<_> = past.broadcasts.iter().map(|it| it.number).collect();
        assert_eq!((found.as_slice(), past.is_complete), (numbers, is_complete), "{wanted:?}");
    }

    #[test]
    fn a_replay_since_a_time_is_complete_or_says_that_it_is_not() {
        let since = |since| Replay { since: Some(since), ..Replay::default() };
        // Example n has the time n.
        let ring = ring(12);
        check(&ring, &since(11), &[11, 12], true);
        check(&ring, &since(3), &[3, 4, 5, 6, 7, 8, 9, 10, 11, 12], true);
        check(&ring, &since(2), &[3, 4, 5, 6, 7, 8, 9, 10, 11, 12], false);
        check(&ring, &since(13), &[], true);
        check(&ring, &Replay { limit: Some(1), ..since(11) }, &[12], false);
    }

    #[test]
    fn a_replay_starts_after_a_known_id() {
        let after = |id: &str| Replay { after: Some(id.into()), limit: Some(100), since: None };
        let ring = ring(12);
        check(&ring, &after("e-11"), &[12], true);
        check(&ring, &after("e-12"), &[], true);
        check(&ring, &after("e-2"), &[3, 4, 5, 6, 7, 8, 9, 10, 11, 12], false);
        check(&ring, &Replay { limit: Some(2), ..Replay::default() }, &[11, 12], true);
    }

    #[test]
    fn a_ring_is_bounded_in_memory_as_well() {
        let example = |number, body| Arc::new(Broadcast::example(number, body));
        let bytes = example(1, r#""12345""#).weight();
        assert!(bytes > size_of::<Broadcast>());
        let mut ring = Ring::new(ReplayLimits { messages: 10, bytes }, 0);
        ring.push(example(1, r#""12345""#));
        ring.push(example(2, r#""67890""#));
        check(&ring, &Replay::default(), &[2], true);
        ring.push(example(3, r#""far too much to keep""#));
        check(&ring, &Replay::default(), &[], true);
        assert_eq!(ring.bytes, 0);
    }

    #[test]
    fn encoded_frames_are_not_kept() {
        let mut ring = ring(0);
        let broadcast = Arc::new(Broadcast::example(1, "{}"));
        ring.push(broadcast.clone());
        let encoded = EncodedBroadcast::new(broadcast);
        let frame = encoded.frame(Version::V2).unwrap();
        drop(encoded);
        assert!(frame.is_unique());
        check(&ring, &Replay::default(), &[1], true);
    }
}
