//! A bound on the number of rows of a key, such as the visitors of a room.

use std::collections::HashMap;
use std::hash::Hash;

/// Rows after which a key is counted again, since other instances insert rows too. Together they exceed
/// the bound by so many at most, each.
const RECOUNT_AFTER: i64 = 256;

/// Keys that are remembered at most. Then all are forgotten, and counted again when they are needed.
const KEYS_MAX: usize = 10_000;

/// The rows of each key, as the database counted them, and those that were inserted since. So a full
/// count is rare.
#[derive(Clone, Debug)]
pub(crate) struct Quota<K> {
    max: i64,
    counts: HashMap<K, Count>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    rows: i64,
    inserted: i64,
}

impl<K: Copy + Eq + Hash> Quota<K> {
    /// A bound of `max` rows for each key.
    pub(crate) fn of(max: i64) -> Self {
        Self { max, counts: HashMap::new() }
    }

    /// The keys whose rows have to be counted, when so many more are inserted: those that are unknown,
    /// that were counted long ago, or that would exceed the bound. None of the others is forgotten before
    /// the next call.
    pub(crate) fn uncounted(&mut self, more: &HashMap<K, i64>) -> Vec<K> {
        if self.counts.len() + more.len() > KEYS_MAX {
            self.counts.clear();
        }
        let is_known = |(key, more): &(&K, &i64)| {
            self.counts.get(key).is_some_and(|count| {
                count.rows + **more <= self.max && count.inserted + **more <= RECOUNT_AFTER
            })
        };
        more.iter().filter(|it| !is_known(it)).map(|(key, _)| *key).collect()
    }

    /// Takes what the database counted for these keys; a key without rows is not among the counts.
    pub(crate) fn counted(&mut self, keys: Vec<K>, counts: &HashMap<K, i64>) {
        for key in keys {
            let rows = counts.get(&key).copied().unwrap_or(0);
            self.counts.insert(key, Count { rows, inserted: 0 });
        }
    }

    /// Takes into account that rows were inserted, or with a negative number, deleted.
    pub(crate) fn add(&mut self, key: K, rows: i64) {
        if let Some(count) = self.counts.get_mut(&key) {
            count.rows += rows;
            count.inserted += rows.max(0);
        }
    }

    /// The rows that may still be inserted; negative when there are too many. A key that is not known has
    /// none.
    pub(crate) fn free(&self, key: K) -> i64 {
        self.counts.get(&key).map_or(0, |count| self.max - count.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn more(key: char, rows: i64) -> HashMap<char, i64> {
        HashMap::from([(key, rows)])
    }

    #[test]
    fn a_key_is_counted_at_first_and_when_it_reaches_the_bound() {
        let mut quota = Quota::of(10);
        assert_eq!(quota.uncounted(&more('a', 1)), ['a']);
        quota.counted(vec!['a'], &more('a', 7));
        assert_eq!(quota.free('a'), 3);
        assert!(quota.uncounted(&more('a', 3)).is_empty());
        assert_eq!(quota.uncounted(&more('a', 4)), ['a']);
        quota.add('a', 4);
        assert_eq!(quota.free('a'), -1);
        quota.add('a', -2);
        assert_eq!(quota.free('a'), 1);
    }

    #[test]
    fn a_key_is_counted_again_after_many_rows_for_those_of_other_instances() {
        let mut quota = Quota::of(1_000_000);
        quota.counted(vec!['a'], &HashMap::new());
        quota.add('a', RECOUNT_AFTER);
        assert_eq!(quota.uncounted(&more('a', 1)), ['a']);
    }

    #[test]
    fn a_key_is_not_forgotten_between_its_count_and_the_decision() {
        let mut quota = Quota::of(10);
        for key in 0..KEYS_MAX {
            let uncounted = quota.uncounted(&HashMap::from([(key, 1)]));
            quota.counted(uncounted, &HashMap::from([(key, 7)]));
        }
        let (known, new) = (0, KEYS_MAX);
        let uncounted = quota.uncounted(&HashMap::from([(known, 1), (new, 1)]));
        quota.counted(uncounted, &HashMap::from([(known, 7)]));
        assert_eq!((quota.free(known), quota.free(new)), (3, 10));
    }

    #[test]
    fn the_keys_that_are_remembered_are_bounded() {
        let mut quota = Quota::of(10);
        for key in 0..3 * KEYS_MAX {
            let uncounted = quota.uncounted(&HashMap::from([(key, 1)]));
            quota.counted(uncounted, &HashMap::new());
            assert!(quota.counts.len() <= KEYS_MAX);
        }
    }
}
