//! How many connections each address has, over all threads.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use admission::ClientAddress;
use parking_lot::{Mutex, MutexGuard};

/// The connections of each address. Cloning shares the counts.
#[derive(Clone)]
pub(crate) struct ConnectionsPerAddress {
    counts: Arc<Mutex<HashMap<ClientAddress, usize>>>,
    /// Connections of one address at most; 0 for no bound.
    max: usize,
}

/// One connection of an address, counted until it is dropped.
pub(super) struct Counted(Option<(ConnectionsPerAddress, ClientAddress)>);

impl ConnectionsPerAddress {
    /// At most `max` connections of one address; 0 for no bound.
    pub(crate) fn new(max: usize) -> Self {
        Self { counts: Arc::default(), max }
    }

    /// Counts a connection, unless the address has all that it may.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Counted> {
        if self.max == 0 {
            return Some(Counted(None));
        }
        let address = ClientAddress::from(address);
        let mut counts = self.counts();
        let count = counts.entry(address).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        Some(Counted(Some((self.clone(), address))))
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<ClientAddress, usize>> {
        self.counts.lock()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Some((addresses, address)) = &self.0 else { return };
        let mut counts = addresses.counts();
        if let Some(count) = counts.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_no_more_connections_than_the_bound_and_others_have_theirs() {
        let addresses = ConnectionsPerAddress::new(2);
        let enter = |text: &str| addresses.enter(text.parse().unwrap());
        let held: Vec<_> = (0..2).filter_map(|_| enter("2001:db8::1")).collect();
        assert_eq!(held.len(), 2);
        assert!(enter("2001:db8::2").is_none(), "the same IPv6 network");
        assert!(enter("2001:db8:0:1::1").is_some());
        drop(held);
        assert!(enter("2001:db8::1").is_some());
        assert!(addresses.counts().is_empty(), "nothing is kept of addresses without connections");
    }

    #[test]
    fn without_a_bound_all_are_taken() {
        let addresses = ConnectionsPerAddress::new(0);
        let held: Vec<_> =
            (0..1000).filter_map(|_| addresses.enter("127.0.0.1".parse().unwrap())).collect();
        assert_eq!(held.len(), 1000);
    }
}
