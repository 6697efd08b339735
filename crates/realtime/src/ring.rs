//! The last broadcasts of a channel, for who comes late or back. Pure.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::message::Broadcast;
use crate::protocol::Replay;

/// The last broadcasts of a channel, bounded by number and by size.
#[derive(Debug)]
pub(crate) struct Ring {
    kept: VecDeque<Arc<Broadcast>>,
    bytes: usize,
    limits: RingLimits,
    /// From which moment on nothing is missing, in milliseconds since 1970.
    whole_since: i64,
}

/// How much a ring keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RingLimits {
    /// Broadcasts at most.
    pub(crate) messages: usize,
    /// Bytes of memory that they take at most.
    pub(crate) bytes: usize,
}

/// Broadcasts of the past, oldest first.
#[derive(Debug, PartialEq)]
pub(crate) struct Past {
    /// The broadcasts.
    pub(crate) broadcasts: Vec<Arc<Broadcast>>,
    /// Whether there was nothing else.
    pub(crate) is_whole: bool,
}

/// Broadcasts of one replay unless the client says otherwise, as Supabase has it.
const REPLAY_MAX: usize = 25;

impl Ring {
    /// A ring of a channel that begins now.
    pub(crate) fn new(limits: RingLimits, now: i64) -> Self {
        Self { kept: VecDeque::new(), bytes: 0, limits, whole_since: now }
    }

    /// Keeps a broadcast, and lets go of the oldest.
    pub(crate) fn keep(&mut self, broadcast: Arc<Broadcast>) {
        self.bytes += broadcast.weight();
        self.kept.push_back(broadcast);
        while self.kept.len() > self.limits.messages || self.bytes > self.limits.bytes {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.bytes -= oldest.weight();
            self.whole_since = oldest.at + 1;
        }
    }

    /// What a client asks for that was away.
    pub(crate) fn replay(&self, wanted: &Replay) -> Past {
        let after = wanted.after.as_deref().map(|id| self.kept.iter().position(|it| *it.id == *id));
        let (from, reaches) = match (after, wanted.since) {
            (Some(found), _) => (found.map_or(0, |index| index + 1), found.is_some()),
            (None, Some(since)) => {
                let from = self.kept.partition_point(|it| it.at < since);
                (from, since >= self.whole_since)
            }
            (None, None) => (0, true),
        };
        let limit = wanted.limit.unwrap_or(REPLAY_MAX);
        let cut = from.max(self.kept.len().saturating_sub(limit));
        let broadcasts = self.kept.range(cut..).cloned().collect();
        // Who asks for the latest so many gets what they ask for.
        let is_cut = cut > from && (wanted.since.is_some() || wanted.after.is_some());
        Past { broadcasts, is_whole: reaches && !is_cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Underway;
    use crate::protocol::Version;

    fn ring(count: usize) -> Ring {
        let mut ring = Ring::new(RingLimits { messages: 10, bytes: 10_000 }, 0);
        (1..=count).for_each(|n| ring.keep(Arc::new(Broadcast::example(n as u64, "{}"))));
        ring
    }

    #[track_caller]
    fn check(ring: &Ring, wanted: &Replay, numbers: &[u64], is_whole: bool) {
        let past = ring.replay(wanted);
        let found: Vec<_> = past.broadcasts.iter().map(|it| it.number).collect();
        assert_eq!((found.as_slice(), past.is_whole), (numbers, is_whole), "{wanted:?}");
    }

    #[test]
    fn who_was_away_gets_what_was_said_meanwhile_or_is_told_that_it_is_not_all() {
        let since = |since| Replay { since: Some(since), ..Replay::default() };
        // Example number n was said n milliseconds after 1970 began.
        let ring = ring(12);
        check(&ring, &since(11), &[11, 12], true);
        check(&ring, &since(3), &[3, 4, 5, 6, 7, 8, 9, 10, 11, 12], true);
        check(&ring, &since(2), &[3, 4, 5, 6, 7, 8, 9, 10, 11, 12], false);
        check(&ring, &since(13), &[], true);
        check(&ring, &Replay { limit: Some(1), ..since(11) }, &[12], false);
    }

    #[test]
    fn the_last_known_one_is_named_too() {
        let after = |id: &str| Replay { after: Some(id.into()), limit: Some(100), since: None };
        let ring = ring(12);
        check(&ring, &after("e-11"), &[12], true);
        check(&ring, &after("e-12"), &[], true);
        check(&ring, &after("e-2"), &[3, 4, 5, 6, 7, 8, 9, 10, 11, 12], false);
        check(&ring, &Replay { limit: Some(2), ..Replay::default() }, &[11, 12], true);
    }

    #[test]
    fn a_ring_is_bounded_by_the_memory_it_takes_as_well() {
        let example = |number, body| Arc::new(Broadcast::example(number, body));
        let bytes = example(1, r#""12345""#).weight();
        assert!(bytes > size_of::<Broadcast>());
        let mut ring = Ring::new(RingLimits { messages: 10, bytes }, 0);
        ring.keep(example(1, r#""12345""#));
        ring.keep(example(2, r#""67890""#));
        check(&ring, &Replay::default(), &[2], true);
        ring.keep(example(3, r#""far too much to keep""#));
        check(&ring, &Replay::default(), &[], true);
        assert_eq!(ring.bytes, 0);
    }

    #[test]
    fn what_was_encoded_for_who_heard_it_is_not_kept() {
        let mut ring = ring(0);
        let broadcast = Arc::new(Broadcast::example(1, "{}"));
        ring.keep(broadcast.clone());
        let underway = Underway::new(broadcast);
        let frame = underway.frame(Version::V2).unwrap();
        drop(underway);
        assert!(frame.is_unique());
        check(&ring, &Replay::default(), &[1], true);
    }
}
