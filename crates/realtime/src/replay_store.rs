//! The broadcasts that the rings of all channels keep for replay, bounded together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::broadcast::Broadcast;
use crate::metrics::METRICS;

/// The broadcasts of all rings of the process. Beyond the bound the oldest is evicted, whichever channel
/// it belongs to.
///
/// Lock order: a channel, then this.
#[derive(Debug)]
pub(crate) struct ReplayStore {
    bytes_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By position: the order in which they were added.
    broadcasts: BTreeMap<u64, Arc<Broadcast>>,
    last: u64,
    bytes: usize,
}

impl State {
    fn remove(&mut self, position: u64) {
        if let Some(removed) = self.broadcasts.remove(&position) {
            self.bytes -= removed.weight();
        }
    }
}

impl ReplayStore {
    /// An empty store of at most `bytes_max`.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, state: Mutex::default() }
    }

    /// Adds a broadcast in place of those at these positions, and evicts the oldest beyond the bound.
    /// Returns its position.
    pub(crate) fn replace(
        &self,
        removed: impl Iterator<Item = u64>,
        broadcast: Arc<Broadcast>,
    ) -> u64 {
        let mut state = self.lock();
        removed.for_each(|it| state.remove(it));
        state.last += 1;
        let position = state.last;
        state.bytes += broadcast.weight();
        state.broadcasts.insert(position, broadcast);
        while state.bytes > self.bytes_max
            && let Some((_, oldest)) = state.broadcasts.pop_first()
        {
            state.bytes -= oldest.weight();
        }
        METRICS.set_replay_bytes(state.bytes);
        position
    }

    /// The broadcasts at these positions that are not evicted.
    pub(crate) fn get(&self, positions: impl Iterator<Item = u64>) -> Vec<Arc<Broadcast>> {
        let state = self.lock();
        positions.filter_map(|it| state.broadcasts.get(&it).cloned()).collect()
    }

    /// Removes the broadcasts at these positions.
    pub(crate) fn remove(&self, positions: impl Iterator<Item = u64>) {
        let mut state = self.lock();
        positions.for_each(|it| state.remove(it));
        METRICS.set_replay_bytes(state.bytes);
    }

    /// The memory of all broadcasts, in bytes.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
