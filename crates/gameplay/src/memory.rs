//! What a lane remembers of the documents it wrote last, so that it need not read them again.

use std::collections::HashMap;

use quick_cache::Weighter;
use quick_cache::unsync::Cache;

use crate::plan::{Current, Key};

/// Bytes that a lane remembers at most; what was least used is read again.
const BYTES_MAX: u64 = 32 << 20;

/// Documents that room is made for at the start.
const DOCUMENTS_FIRST: usize = 64;

/// What an entry takes besides its texts.
const ENTRY_BYTES: usize = 300;

/// What a lane remembers. It may be out of date, because other instances write too: a write that is
/// based on it says so, and is undone when the database knows better.
pub(crate) struct Memory(Cache<Key, Current, Size>);

#[derive(Clone)]
struct Size;

impl Weighter<Key, Current> for Size {
    fn weight(&self, (_, game): &Key, current: &Current) -> u64 {
        let texts =
            game.as_str().len() + current.document.text().len() + current.journal.text().len();
        (texts + ENTRY_BYTES) as u64
    }
}

impl Memory {
    /// What is remembered of these documents, and which of them have to be read.
    pub(crate) fn recall(&self, keys: Vec<Key>) -> (HashMap<Key, Current>, Vec<Key>) {
        let mut known = HashMap::new();
        let mut unknown = Vec::new();
        for key in keys {
            match self.0.get(&key) {
                Some(current) => _ = known.insert(key, current.clone()),
                None => unknown.push(key),
            }
        }
        (known, unknown)
    }

    pub(crate) fn keep(&mut self, key: Key, current: Current) {
        self.0.insert(key, current);
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self(Cache::with_weighter(DOCUMENTS_FIRST, BYTES_MAX, Size))
    }
}

/// A lane begins with an empty memory.
impl Clone for Memory {
    fn clone(&self) -> Self {
        Self::default()
    }
}
