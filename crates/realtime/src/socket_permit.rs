//! The sockets of this process, counted by address.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use admission::ClientAddress;

use crate::join_limit::JoinLimit;
use crate::metrics::METRICS;

/// Counts the open sockets, and limits those of one address.
pub(crate) struct SocketCounter {
    per_address_max: usize,
    addresses: Mutex<HashMap<ClientAddress, usize>>,
    joins: JoinLimit,
    total: AtomicUsize,
}

/// The permission to have one socket open; dropping it returns it.
pub(crate) struct SocketPermit {
    counter: Arc<SocketCounter>,
    address: ClientAddress,
}

impl SocketCounter {
    pub(crate) fn new(per_address_max: usize) -> Self {
        Self {
            per_address_max,
            addresses: Mutex::default(),
            joins: JoinLimit::new(per_address_max),
            total: AtomicUsize::new(0),
        }
    }

    /// A permit for one more socket of this address; `None` when it has as many as it may.
    pub(crate) fn acquire(self: &Arc<Self>, address: ClientAddress) -> Option<SocketPermit> {
        let mut addresses = self.lock();
        let sockets = addresses.entry(address).or_default();
        if *sockets >= self.per_address_max {
            return None;
        }
        *sockets += 1;
        self.total.fetch_add(1, Ordering::Relaxed);
        METRICS.sockets.increment(1.0);
        Some(SocketPermit { counter: self.clone(), address })
    }

    /// The number of open sockets.
    pub(crate) fn total(&self) -> usize {
        self.total.load(Ordering::Relaxed)
    }

    /// Frees memory that is not needed any more.
    pub(crate) fn sweep(&self) {
        self.joins.sweep();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClientAddress, usize>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SocketPermit {
    /// Whether a client of this address may send one more join or access token.
    pub(crate) fn may_request_join(&self) -> bool {
        self.counter.joins.admit(self.address)
    }
}

impl Drop for SocketPermit {
    fn drop(&mut self) {
        let mut addresses = self.counter.lock();
        if let Some(sockets) = addresses.get_mut(&self.address) {
            *sockets -= 1;
            if *sockets == 0 {
                addresses.remove(&self.address);
            }
        }
        self.counter.total.fetch_sub(1, Ordering::Relaxed);
        METRICS.sockets.decrement(1.0);
    }
}
