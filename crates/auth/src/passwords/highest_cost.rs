//! The highest cost of a stored hash, which every refused log-in takes the time of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The highest cost of a stored hash that is known so far; it never falls. A clone shares it.
///
/// A refusal takes the work of this cost, whether the address is unknown or its hash is cheaper, so that
/// the time of an answer does not tell which addresses have an account.
#[derive(Clone)]
pub struct HighestCost(Arc<AtomicU32>);

impl HighestCost {
    /// Starts with the cost of new hashes.
    pub(crate) fn new(cost: u32) -> Self {
        Self(Arc::new(AtomicU32::new(cost)))
    }

    /// The highest cost so far.
    pub(crate) fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes note of the cost of a stored hash.
    pub(crate) fn observe(&self, cost: u32) {
        self.0.fetch_max(cost, Ordering::Relaxed);
    }
}
