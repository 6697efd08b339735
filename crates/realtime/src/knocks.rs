//! How often the clients of one address ask to be let in, or to be judged by another token: each time
//! may cost the database a look.

use std::hash::{BuildHasher as _, RandomState};
use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::Address;

/// At once, for each socket that an address may have: the channels of everybody in a class that comes
/// back after a restart, and those who open a page twice.
const AT_ONCE: u32 = 8;

/// From then on, an address may ask once in so many seconds for each socket that it may have.
const SECONDS: u32 = 5;

/// Addresses are told apart by a hash of so many values, so that no more of them are counted, and with
/// a secret, so that nobody chooses with whom to be counted.
const BUCKETS: u64 = 1 << 16;

/// Counts who asks at the door.
pub(crate) struct Knocks {
    secret: RandomState,
    meter: DefaultKeyedRateLimiter<u64>,
}

impl Knocks {
    /// Of addresses that may have so many sockets each.
    pub(crate) fn new(sockets_per_address: usize) -> Self {
        let sockets = u32::try_from(sockets_per_address).unwrap_or(u32::MAX);
        let number = |it: u32| NonZeroU32::new(it).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(number(sockets / SECONDS));
        let quota = quota.allow_burst(number(sockets.saturating_mul(AT_ONCE)));
        Self { secret: RandomState::new(), meter: RateLimiter::keyed(quota) }
    }

    /// Whether a client of this address may ask once more.
    pub(crate) fn admit(&self, address: Address) -> bool {
        self.meter.check_key(&(self.secret.hash_one(address) % BUCKETS)).is_ok()
    }

    /// Forgets whom it need not remember any more.
    pub(crate) fn sweep(&self) {
        self.meter.retain_recent();
        self.meter.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn address(number: u32) -> Address {
        IpAddr::from(Ipv4Addr::from_bits(number)).into()
    }

    #[test]
    fn a_class_comes_at_once_and_nobody_asks_on_and_on() {
        let knocks = Knocks::new(500);
        assert!((0..500 * 8).all(|_| knocks.admit(address(1))));
        let more = (0..4000).filter(|_| knocks.admit(address(1))).count();
        assert!(more < 400, "{more}");
        assert!(knocks.admit(address(2)));
    }

    #[test]
    fn no_more_addresses_are_counted_than_there_are_buckets() {
        let knocks = Knocks::new(1);
        for number in 0..200_000 {
            knocks.admit(address(number));
        }
        assert!(knocks.meter.len() <= 1 << 16, "{}", knocks.meter.len());
    }
}
