//! The rate limit of joins and new access tokens by address: each may cost a database query.

use std::hash::{BuildHasher as _, RandomState};
use std::num::NonZeroU32;

use admission::ClientAddress;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Burst for each socket that an address may have: after a restart a whole class rejoins all of its
/// channels at once, some from two pages.
const AT_ONCE: u32 = 8;

/// After the burst, one request in this number of seconds for each socket that an address may have.
const SECONDS: u32 = 5;

/// Number of buckets. An address is hashed to one of them, which bounds the memory; the hash is keyed,
/// so that a client cannot choose its bucket.
const BUCKETS: u64 = 1 << 16;

/// The rate limit of joins and new access tokens by address.
pub(crate) struct JoinLimit {
    secret: RandomState,
    meter: DefaultKeyedRateLimiter<u64>,
}

impl JoinLimit {
    /// A limit for addresses that may have this number of sockets each.
    pub(crate) fn new(sockets_per_address: usize) -> Self {
        let sockets = u32::try_from(sockets_per_address).unwrap_or(u32::MAX);
        let number = |it: u32| NonZeroU32::new(it).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(number(sockets / SECONDS));
        let quota = quota.allow_burst(number(sockets.saturating_mul(AT_ONCE)));
        Self { secret: RandomState::new(), meter: RateLimiter::keyed(quota) }
    }

    /// Whether a client of this address may send one more request.
    pub(crate) fn admit(&self, address: ClientAddress) -> bool {
        self.meter.check_key(&(self.secret.hash_one(address) % BUCKETS)).is_ok()
    }

    /// Removes buckets that are full again.
    pub(crate) fn sweep(&self) {
        self.meter.retain_recent();
        self.meter.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn address(number: u32) -> ClientAddress {
        IpAddr::from(Ipv4Addr::from_bits(number)).into()
    }

    #[test]
    fn a_class_joins_at_once_and_no_address_goes_on() {
        let limit = JoinLimit::new(500);
        assert!((0..500 * 8).all(|_| limit.admit(address(1))));
        let more = (0..4000).filter(|_| limit.admit(address(1))).count();
        assert!(more < 400, "{more}");
        assert!(limit.admit(address(2)));
    }

    #[test]
    fn no_more_addresses_are_counted_than_there_are_buckets() {
        let limit = JoinLimit::new(1);
        for number in 0..200_000 {
            limit.admit(address(number));
        }
        assert!(limit.meter.len() <= 1 << 16, "{}", limit.meter.len());
    }
}
