//! The threads that hash passwords.

use crate::keys::Keys;

/// The threads that hash passwords.
#[derive(Clone, Debug)]
pub struct Hashing {
    /// Threads that hash, 1 to 256 or the number of cores.
    pub threads: usize,
    /// Hashes that wait for a thread at most, 0 to 10,000.
    pub queue: usize,
    /// How long a caller waits for a thread at most, in milliseconds, 1 to 60,000.
    pub wait_max_ms: u64,
}

impl Hashing {
    pub(crate) fn read(keys: &mut Keys) -> Self {
        Self {
            threads: keys.threads("hashing.threads", 256),
            queue: keys.number("hashing.queue", 0..=10_000),
            wait_max_ms: keys.number("hashing.wait_max_ms", 1..=60_000),
        }
    }
}
