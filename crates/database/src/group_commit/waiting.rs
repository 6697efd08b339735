//! The requests of a lane that wait for a group.

use std::collections::{HashSet, VecDeque};

/// Requests in the order of their arrival.
///
/// A group takes one large request at most, so that everybody else waits for one of them and not for all
/// that a caller sends. A large request that has to wait lets others pass, except those with its ordering
/// key.
pub(super) struct Waiting<T> {
    requests: VecDeque<Entry<T>>,
    /// Large ones among them.
    large: usize,
}

struct Entry<T> {
    request: T,
    /// A hash of the ordering key. Requests whose keys have the same hash are kept in order as well.
    order: u64,
    is_large: bool,
}

impl<T> Waiting<T> {
    pub(super) fn new() -> Self {
        Self { requests: VecDeque::new(), large: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Adds a request, with a hash of its ordering key.
    pub(super) fn push(&mut self, request: T, order: u64, is_large: bool) {
        self.large += usize::from(is_large);
        self.requests.push_back(Entry { request, order, is_large });
    }

    /// Takes the next group, of `max` requests at most. It is empty only when nothing waits.
    pub(super) fn take_group(&mut self, max: usize) -> Vec<T> {
        if self.large <= 1 && self.requests.len() <= max {
            self.large = 0;
            return self.requests.drain(..).map(|it| it.request).collect();
        }
        let (mut group, mut passed) = (Vec::new(), VecDeque::new());
        let mut held = HashSet::new();
        let mut has_large = false;
        for entry in std::mem::take(&mut self.requests) {
            let waits =
                group.len() >= max || (entry.is_large && has_large) || held.contains(&entry.order);
            if waits {
                held.insert(entry.order);
                passed.push_back(entry);
            } else {
                has_large |= entry.is_large;
                group.push(entry.request);
            }
        }
        self.large -= usize::from(has_large);
        self.requests = passed;
        group
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pushes words, of which the first letter is the ordering key and capitals are large.
    fn waiting(words: &str) -> Waiting<String> {
        let mut waiting = Waiting::new();
        for word in words.split(' ') {
            let first = word.chars().next().unwrap();
            let key = first.to_ascii_lowercase();
            waiting.push(word.to_owned(), key.into(), first.is_uppercase());
        }
        waiting
    }

    #[track_caller]
    fn check(words: &str, max: usize, groups: &[&str]) {
        let mut waiting = waiting(words);
        let mut taken = Vec::new();
        while !waiting.is_empty() {
            taken.push(waiting.take_group(max).join(" "));
        }
        assert_eq!(taken, groups);
        assert_eq!(waiting.large, 0);
    }

    #[test]
    fn a_group_has_one_large_request_and_all_small_ones() {
        check("a1 B1 c1 d1", 9, &["a1 B1 c1 d1"]);
        check("A1 B1 C1 d1 e1", 9, &["A1 d1 e1", "B1", "C1"]);
    }

    #[test]
    fn requests_with_one_key_keep_their_order() {
        check("A1 B1 b2 c1", 9, &["A1 c1", "B1 b2"]);
        check("A1 A2 a3 b1", 9, &["A1 b1", "A2 a3"]);
    }

    #[test]
    fn a_group_has_a_largest_size() {
        check("a1 b1 a2 c1 b2", 2, &["a1 b1", "a2 c1", "b2"]);
        check("A1 B1 b2 c1 c2", 2, &["A1 c1", "B1 b2", "c2"]);
    }
}
