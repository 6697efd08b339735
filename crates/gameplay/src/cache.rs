//! The documents that a lane wrote last, so that it does not read them again.

use std::collections::HashMap;

use quick_cache::Weighter;
use quick_cache::unsync::Cache;

use crate::plan::Current;
use crate::state::StateKey;

/// Largest size of a lane's cache, in bytes; the least used documents are evicted.
const BYTES_MAX: u64 = 32 << 20;

/// Documents that space is reserved for at the start.
const INITIAL_CAPACITY: usize = 64;

/// Size of an entry apart from its texts, in bytes.
const ENTRY_BYTES: usize = 300;

/// A lane's cache of documents. Entries may be stale, because other instances write too: a write that
/// is based on one names its version, and is rolled back when the database holds another.
pub(crate) struct DocumentCache(Cache<StateKey, Current, Size>);

#[derive(Clone)]
struct Size;

impl Weighter<StateKey, Current> for Size {
    fn weight(&self, (_, game): &StateKey, current: &Current) -> u64 {
        let texts =
            game.as_str().len() + current.document.text().len() + current.journal.text().len();
        (texts + ENTRY_BYTES) as u64
    }
}

impl DocumentCache {
    /// The cached documents with these keys; `None` when one of them is missing.
    pub(crate) fn get_all(&self, keys: &[StateKey]) -> Option<HashMap<StateKey, Current>> {
        let cached = keys.iter().map(|key| Some((key.clone(), self.0.get(key)?.clone())));
        cached.collect()
    }

    pub(crate) fn insert(&mut self, key: StateKey, current: Current) {
        self.0.insert(key, current);
    }
}

impl Default for DocumentCache {
    fn default() -> Self {
        Self(Cache::with_weighter(INITIAL_CAPACITY, BYTES_MAX, Size))
    }
}

/// A clone is empty: each lane caches what it wrote itself.
impl Clone for DocumentCache {
    fn clone(&self) -> Self {
        Self::default()
    }
}
