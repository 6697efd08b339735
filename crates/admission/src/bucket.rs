//! Keys of rate limits.

use std::hash::{BuildHasher, Hash, RandomState};

/// The key of a client or an account in a rate limit. It is a hash, so that no address and no account is
/// kept in memory, and a short one, so that a limit never holds more than [`BUCKETS`] of them. It is keyed,
/// so that no client can choose whose bucket it shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bucket(u32);

/// The number of buckets: some 16 MiB in the fullest limit. Of a thousand clients at one time, one in 500
/// shares a bucket with another.
const BUCKETS: u32 = 1 << 19;

/// Assigns buckets by a secret of this process. Cloning shares the secret.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buckets(RandomState);

impl Bucket {
    /// The key of requests that are exempt.
    pub(crate) const EXEMPT: Self = Self(BUCKETS);
}

impl Buckets {
    pub(crate) fn of(&self, counted: impl Hash) -> Bucket {
        let [a, b, c, d, ..] = self.0.hash_one(counted).to_le_bytes();
        Bucket(u32::from_le_bytes([a, b, c, d]) % BUCKETS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_share_a_bucket_and_the_number_of_buckets_is_bounded() {
        let buckets = Buckets::default();
        assert_eq!(buckets.of("a"), buckets.clone().of("a"));
        assert!((0..10_000).all(|n| buckets.of(n).0 < BUCKETS));
        assert_ne!(buckets.of("exempt"), Bucket::EXEMPT);
    }
}
