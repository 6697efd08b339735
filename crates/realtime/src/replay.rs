//! The last broadcasts of a channel, for members that join late or again. No I/O.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::broadcast::Broadcast;
use crate::protocol::Replay;
use crate::replay_store::ReplayStore;

/// Default number of broadcasts of one replay, as in Supabase.
const REPLAY_MAX: usize = 25;

/// The last broadcasts of a channel, bounded by number and by size. The store of the process may evict
/// the oldest earlier.
#[derive(Debug)]
pub(crate) struct Ring {
    entries: VecDeque<Entry>,
    bytes: usize,
    limits: ReplayLimits,
    store: Arc<ReplayStore>,
    /// The time since when this ring has evicted no broadcast, in milliseconds since 1970.
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

/// A broadcast of the ring.
#[derive(Debug)]
struct Entry {
    /// Its position in the store.
    position: u64,
    weight: usize,
    at: i64,
}

/// The answer to a replay request.
#[derive(Debug, PartialEq)]
pub(crate) struct ReplayResult {
    /// The broadcasts, oldest first.
    pub(crate) broadcasts: Vec<Arc<Broadcast>>,
    /// Whether these are all that were asked for.
    pub(crate) is_complete: bool,
}

impl Ring {
    /// The ring of a new channel.
    pub(crate) fn new(limits: ReplayLimits, now: i64, store: Arc<ReplayStore>) -> Self {
        Self { entries: VecDeque::new(), bytes: 0, limits, store, complete_since: now }
    }

    /// Adds a broadcast and evicts the oldest beyond the bounds.
    pub(crate) fn push(&mut self, broadcast: Arc<Broadcast>) {
        let (weight, at) = (broadcast.weight(), broadcast.at);
        let fits = self.limits.messages > 0 && weight <= self.limits.bytes;
        let (mut count, mut bytes) = (0, self.bytes);
        while let Some(oldest) = self.entries.get(count)
            && (!fits
                || self.entries.len() - count >= self.limits.messages
                || bytes + weight > self.limits.bytes)
        {
            bytes -= oldest.weight;
            self.complete_since = oldest.at + 1;
            count += 1;
        }
        self.bytes = bytes;
        let evicted = self.entries.drain(..count).map(|it| it.position);
        if fits {
            let position = self.store.replace(evicted, broadcast);
            self.bytes += weight;
            self.entries.push_back(Entry { position, weight, at });
        } else {
            self.store.remove(evicted);
            self.complete_since = at + 1;
        }
    }

    /// The broadcasts that a client asks for.
    pub(crate) fn replay(&mut self, wanted: &Replay) -> ReplayResult {
        let kept = self.store.get(self.entries.iter().map(|it| it.position));
        // The store evicts the oldest first, so what is missing is at the front.
        while self.entries.len() > kept.len() {
            self.pop();
        }
        let after = wanted.after.as_deref().map(|id| kept.iter().position(|it| *it.id == *id));
        let (from, reaches) = match (after, wanted.since) {
            (Some(found), _) => (found.map_or(0, |index| index + 1), found.is_some()),
            (None, Some(since)) => {
                let from = kept.partition_point(|it| it.at < since);
                (from, since >= self.complete_since)
            }
            (None, None) => (0, true),
        };
        let limit = wanted.limit.unwrap_or(REPLAY_MAX);
        let cut = from.max(kept.len().saturating_sub(limit));
        // A request for the latest N alone is complete with N.
        let is_cut = cut > from && (wanted.since.is_some() || wanted.after.is_some());
        let broadcasts = kept.into_iter().skip(cut).collect();
        ReplayResult { broadcasts, is_complete: reaches && !is_cut }
    }

    fn pop(&mut self) -> Option<Entry> {
        let oldest = self.entries.pop_front()?;
        self.bytes -= oldest.weight;
        self.complete_since = oldest.at + 1;
        Some(oldest)
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        self.store.remove(self.entries.iter().map(|it| it.position));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broadcast::EncodedBroadcast;
    use crate::protocol::Version;

    const LIMITS: ReplayLimits = ReplayLimits { messages: 10, bytes: 10_000 };

    fn example(number: u64, body: &'static str) -> Arc<Broadcast> {
        Arc::new(Broadcast::example(number, body))
    }

    fn store(bytes: usize) -> Arc<ReplayStore> {
        Arc::new(ReplayStore::new(bytes))
    }

    fn ring(count: usize) -> Ring {
        let mut ring = Ring::new(LIMITS, 0, store(100_000));
        (1..=count).for_each(|n| ring.push(example(n as u64, "{}")));
        ring
    }

    #[track_caller]
    fn check(ring: &mut Ring, wanted: &Replay, numbers: &[u64], is_complete: bool) {
        let result = ring.replay(wanted);
        let found: Vec<_> = result.broadcasts.iter().map(|it| it.number).collect();
        assert_eq!((found.as_slice(), result.is_complete), (numbers, is_complete), "{wanted:?}");
    }

    #[test]
    fn a_replay_since_a_time_is_complete_or_says_that_it_is_not() {
        let since = |since| Replay { since: Some(since), ..Replay::default() };
        // Example n has the time n.
        let mut ring = ring(12);
        check(&mut ring, &since(11), &[11, 12], true);
        check(&mut ring, &since(3), &[3, 4, 5, 6, 7, 8, 9, 10, 11, 12], true);
        check(&mut ring, &since(2), &[3, 4, 5, 6, 7, 8, 9, 10, 11, 12], false);
        check(&mut ring, &since(13), &[], true);
        check(&mut ring, &Replay { limit: Some(1), ..since(11) }, &[12], false);
    }

    #[test]
    fn a_replay_starts_after_a_known_id() {
        let after = |id: &str| Replay { after: Some(id.into()), limit: Some(100), since: None };
        let mut ring = ring(12);
        check(&mut ring, &after("e-11"), &[12], true);
        check(&mut ring, &after("e-12"), &[], true);
        check(&mut ring, &after("e-2"), &[3, 4, 5, 6, 7, 8, 9, 10, 11, 12], false);
        check(&mut ring, &Replay { limit: Some(2), ..Replay::default() }, &[11, 12], true);
    }

    #[test]
    fn a_ring_is_bounded_in_memory_as_well() {
        let bytes = example(1, r#""12345""#).weight();
        assert!(bytes > size_of::<Broadcast>());
        let limits = ReplayLimits { messages: 10, bytes };
        let mut ring = Ring::new(limits, 0, store(100_000));
        ring.push(example(1, r#""12345""#));
        ring.push(example(2, r#""67890""#));
        check(&mut ring, &Replay::default(), &[2], true);
        ring.push(example(3, r#""far too much to keep""#));
        check(&mut ring, &Replay::default(), &[], true);
        assert_eq!((ring.bytes, ring.store.bytes()), (0, 0));
    }

    #[test]
    fn all_rings_together_are_bounded_and_the_oldest_broadcast_goes_first() {
        let weight = example(1, "{}").weight();
        let store = store(5 * weight);
        let mut rings: Vec<_> = (0..3).map(|_| Ring::new(LIMITS, 0, store.clone())).collect();
        for number in 1..=4 {
            rings[0].push(example(number, "{}"));
        }
        for number in 5..=7 {
            rings[1].push(example(number, "{}"));
            assert!(store.bytes() <= 5 * weight);
        }
        let since = Replay { since: Some(1), ..Replay::default() };
        check(&mut rings[0], &since, &[3, 4], false);
        check(&mut rings[1], &since, &[5, 6, 7], true);
        let since = Replay { since: Some(3), ..Replay::default() };
        check(&mut rings[0], &since, &[3, 4], true);
        // A channel that is evicted gives its memory back.
        rings.remove(1);
        assert_eq!(store.bytes(), 2 * weight);
        drop(rings);
        assert_eq!(store.bytes(), 0);
    }

    #[test]
    fn encoded_frames_are_not_kept() {
        let mut ring = ring(0);
        let broadcast = example(1, "{}");
        ring.push(broadcast.clone());
        let encoded = EncodedBroadcast::new(broadcast);
        let frame = encoded.frame(Version::V2).unwrap();
        drop(encoded);
        assert!(frame.is_unique());
        check(&mut ring, &Replay::default(), &[1], true);
    }
}
