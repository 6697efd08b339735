//! How many requests are worked on at the same time.

use crate::keys::Keys;

/// How many requests are worked on at the same time, and how long others wait.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Requests worked on at the same time, 8 to 100,000.
    pub requests: usize,
    /// Requests that wait at most, 0 to 100,000.
    pub queue: usize,
    /// How long a request waits at most, in milliseconds, 1 to 60,000.
    pub wait_max_ms: u64,
}

impl Admission {
    pub(crate) fn read(keys: &mut Keys) -> Self {
        Self {
            requests: keys.number("admission.requests", 8..=100_000),
            queue: keys.number("admission.queue", 0..=100_000),
            wait_max_ms: keys.number("admission.wait_max_ms", 1..=60_000),
        }
    }
}
