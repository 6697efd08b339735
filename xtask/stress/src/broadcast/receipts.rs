//! The messages that one member received from each other one, and the faults among them.

use std::collections::BTreeSet;

use super::messages::Message;
use crate::finding::Finding;

/// The messages that one member has received so far.
#[derive(Debug)]
pub(super) struct Receipts {
    /// The state of each other member; none of its own.
    others: Vec<Option<Expected>>,
    /// The latest sequence number of the server.
    latest: u64,
}

#[derive(Clone, Debug, Default)]
struct Expected {
    next: u64,
    /// Numbers that were skipped.
    missing: BTreeSet<u64>,
    /// The number of all messages, once it is known.
    all: Option<u64>,
}

/// The messages of all members, and the faults among them.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) reached: Finding,
    pub(crate) once: Finding,
    pub(crate) in_order: Finding,
}

impl Default for Received {
    fn default() -> Self {
        Self {
            reached: Finding::about("messages to be received, each of which was"),
            once: Finding::about("messages received, each once"),
            in_order: Finding::about("messages received, in the order of the room"),
        }
    }
}

impl Received {
    /// Recorder a message that never arrived.
    pub(super) fn note_lost(&mut self, (from, number): (usize, u64)) {
        self.reached.checked += 1;
        self.reached.fault(format!("message {number} of member {from} never came"));
    }
}

impl Receipts {
    /// Of `members` in all, of whom this is one.
    pub(super) fn of(members: usize, own: usize) -> Self {
        let others = (0..members).map(|it| (it != own).then(Expected::default));
        Self { others: others.collect(), latest: 0 }
    }

    /// Takes a message; returns whether it is new.
    pub(super) fn receive(&mut self, message: &Message, received: &mut Received) -> bool {
        let Message { from, number, .. } = *message;
        let Some(Some(expected)) = self.others.get_mut(from) else {
            received
                .once
                .fault(format!("member {from} received its own message, or is in another room"));
            return false;
        };
        if message.is_last {
            expected.all = Some(number);
            return false;
        }
        if number < expected.next && !expected.missing.remove(&number) {
            received.once.checked += 1;
            received.once.fault(format!("message {number} of member {from} came twice"));
            return false;
        }
        let is_late = number < expected.next || message.seq.is_some_and(|seq| seq < self.latest);
        if is_late {
            received.in_order.fault(format!("message {number} of member {from} came late"));
        }
        expected.missing.extend(expected.next..number);
        expected.next = expected.next.max(number + 1);
        self.latest = self.latest.max(message.seq.unwrap_or_default());
        for finding in [&mut received.reached, &mut received.once, &mut received.in_order] {
            finding.checked += 1;
        }
        true
    }

    /// Whether every message has arrived.
    pub(super) fn is_complete(&self) -> bool {
        self.others.iter().flatten().all(|it| it.all == Some(it.next) && it.missing.is_empty())
    }

    /// The messages that did not arrive, by sender and number. Of a sender without a last message, at least
    /// that one is missing.
    pub(super) fn missing(&self) -> Vec<(usize, u64)> {
        let others = self.others.iter().enumerate();
        let missing =
            others.filter_map(|(from, it)| Some((from, it.as_ref()?))).flat_map(|(from, it)| {
                let end = it.all.unwrap_or(it.next + 1);
                it.missing.iter().copied().chain(it.next..end).map(move |number| (from, number))
            });
        missing.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Receives messages of member 1 with these numbers, and that there were four in all.
    fn faults(numbers: &[u64]) -> [u64; 3] {
        let (mut receipts, mut received) = (Receipts::of(2, 0), Received::default());
        for &number in numbers {
            let message = Message { from: 1, number, due: 0, seq: None, is_last: false };
            receipts.receive(&message, &mut received);
        }
        let last = Message { from: 1, number: 4, due: 0, seq: None, is_last: true };
        receipts.receive(&last, &mut received);
        assert_eq!(receipts.is_complete(), receipts.missing().is_empty());
        receipts.missing().into_iter().for_each(|it| received.note_lost(it));
        assert_eq!(received.reached.checked, 4);
        [received.reached.faults, received.once.faults, received.in_order.faults]
    }

    #[test]
    fn each_fault_is_told_from_the_others() {
        assert_eq!(faults(&[0, 1, 2, 3]), [0, 0, 0]);
        assert_eq!(faults(&[0, 2, 3]), [1, 0, 0]);
        assert_eq!(faults(&[0, 1, 2]), [1, 0, 0]);
        assert_eq!(faults(&[0, 1, 1, 2, 3]), [0, 1, 0]);
        assert_eq!(faults(&[0, 2, 1, 3]), [0, 0, 1]);
        assert_eq!(faults(&[]), [4, 0, 0]);
    }

    #[test]
    fn who_never_says_the_last_word_is_missed() {
        let receipts = Receipts::of(3, 1);
        assert_eq!(receipts.missing(), [(0, 0), (2, 0)]);
    }

    #[test]
    fn the_order_of_the_room_is_looked_at_too() {
        let (mut receipts, mut received) = (Receipts::of(3, 0), Received::default());
        for (from, seq) in [(1, 7), (2, 6)] {
            let message = Message { from, number: 0, due: 0, seq: Some(seq), is_last: false };
            assert!(receipts.receive(&message, &mut received));
        }
        assert_eq!(received.in_order.faults, 1);
    }
}
