//! Limits of wrong share codes.
//!
//! A code has 30 bits: an address, and no key. A limit has to prevent guessing, and must not refuse clients
//! with a right code because others at their address mistyped theirs. So an address may send many wrong
//! codes before its right ones are refused too. The bound is proof against
//! guessing: with the shipped 500 at once and 60 an hour, an address tries 1,940 codes in its first day,
//! and of a thousand open rooms finds one in 550 days (2^30 / 1,000 / 1,940).

use std::time::Duration;

use settings::{Rate, Rates};

use crate::address::ClientAddress;
use crate::bucket::{Bucket, Buckets};
use crate::failures::Failures;
use crate::policy::{Limited, Policy};

/// How long an address waits after a wrong code while too many are wrong everywhere.
const GUARDED: Duration = Duration::from_mins(1);

/// Wrong codes that an address may still have while too many are wrong everywhere: typos.
const TYPOS: u32 = 5;

/// Addresses' worth of wrong codes that an IPv6 site (a /48, with 65,536 addresses as limits count them)
/// may have.
const SITE: u32 = 2;

/// Limits of wrong share codes.
pub struct Codes {
    buckets: Buckets,
    by_address: Failures,
    by_site: Failures,
    /// From anywhere. When there are too many, an address with more wrong codes than typos explain has one
    /// guess a minute; clients with right codes are not affected.
    overall: Failures,
    typos: Failures,
}

/// The buckets of one client.
#[derive(Clone, Copy)]
struct Guess {
    address: Bucket,
    site: Option<Bucket>,
}

impl Codes {
    pub(crate) fn new(rates: &Rates, buckets: Buckets) -> Self {
        let policy = |rate| Policy::new("wrong-codes", "rate_limited_wrong_codes", rate);
        let limit = |policy| Failures::new(policy, rates.enabled);
        let by_address = policy(rates.wrong_codes);
        let typos = Rate { burst: TYPOS.min(rates.wrong_codes.burst), ..rates.wrong_codes };
        Self {
            buckets,
            by_address: limit(by_address),
            by_site: limit(by_address.times(SITE)),
            overall: limit(policy(rates.all_wrong_codes)),
            typos: limit(policy(typos)),
        }
    }

    /// Runs the work of a client at `address` with a share code, unless too many codes were wrong.
    ///
    /// # Errors
    /// The error of the work; or too many wrong codes, before the work or in place of its outcome.
    pub async fn attempt<T, E: From<Limited>>(
        &self,
        address: ClientAddress,
        work: impl Future<Output = Result<T, E>>,
        is_wrong: impl Fn(&E) -> bool,
    ) -> Result<T, E> {
        let guess = Guess {
            address: self.buckets.of(address),
            site: address.site().map(|site| self.buckets.of(site)),
        };
        self.admit(guess)?;
        let outcome = work.await;
        match &outcome {
            Err(error) if is_wrong(error) => self.wrong(guess)?,
            _ => self.admit(guess)?,
        }
        outcome
    }

    fn admit(&self, Guess { address, site }: Guess) -> Result<(), Limited> {
        self.by_address.admit(address)?;
        site.map_or(Ok(()), |site| self.by_site.admit(site))
    }

    fn wrong(&self, Guess { address, site }: Guess) -> Result<(), Limited> {
        let own = self.by_address.note(address);
        let site = site.map_or(Ok(()), |site| self.by_site.note(site));
        let typo = self.typos.note(address);
        let overall = self.overall.note(self.buckets.of(()));
        if let (Err(_), Err(limited)) = (typo, overall) {
            self.by_address.block(address, GUARDED);
            return Err(limited);
        }
        own.and(site)
    }

    pub(crate) fn sweep(&self) {
        let Self { buckets: _, by_address, by_site, overall, typos } = self;
        [by_address, by_site, overall, typos].into_iter().for_each(Failures::sweep);
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::net::IpAddr;

    use super::*;

    #[derive(Debug, PartialEq)]
    enum Outcome {
        Wrong,
        Limited,
    }

    impl From<Limited> for Outcome {
        fn from(_: Limited) -> Self {
            Self::Limited
        }
    }

    async fn try_code(codes: &Codes, from: u8, right: bool) -> Result<(), Outcome> {
        let outcome = if right { Ok(()) } else { Err(Outcome::Wrong) };
        let address = ClientAddress::from(IpAddr::from([203, 0, 113, from]));
        codes.attempt(address, ready(outcome), |error| *error == Outcome::Wrong).await
    }

    fn rate(burst: u32) -> Rate {
        Rate::hourly(1, burst)
    }

    /// Five wrong codes of an address, twenty of all.
    fn codes() -> Codes {
        let rates = Rates { wrong_codes: rate(5), all_wrong_codes: rate(20), ..Rates::MAX };
        Codes::new(&rates, Buckets::default())
    }

    #[tokio::test]
    async fn after_five_wrong_codes_a_right_one_is_limited_too() {
        let codes = codes();
        for _ in 0..5 {
            assert_eq!(try_code(&codes, 1, false).await, Err(Outcome::Wrong));
        }
        assert_eq!(try_code(&codes, 1, false).await, Err(Outcome::Limited));
        assert_eq!(try_code(&codes, 1, true).await, Err(Outcome::Limited));
        assert_eq!(try_code(&codes, 2, true).await, Ok(()));
    }

    #[tokio::test]
    async fn a_class_behind_one_address_joins_without_trouble() {
        let codes = codes();
        assert_eq!(try_code(&codes, 1, false).await, Err(Outcome::Wrong));
        for _ in 0..400 {
            assert_eq!(try_code(&codes, 1, true).await, Ok(()));
        }
    }

    #[tokio::test]
    async fn under_many_guesses_only_clients_with_repeated_failures_wait() {
        let rates = Rates { wrong_codes: rate(100), all_wrong_codes: rate(20), ..Rates::MAX };
        let codes = Codes::new(&rates, Buckets::default());
        for n in 0..20 {
            assert_eq!(try_code(&codes, n, false).await, Err(Outcome::Wrong));
        }
        for _ in 0..TYPOS {
            assert_eq!(try_code(&codes, 100, false).await, Err(Outcome::Wrong), "a typo");
        }
        assert_eq!(try_code(&codes, 100, false).await, Err(Outcome::Limited));
        assert_eq!(try_code(&codes, 100, true).await, Err(Outcome::Limited));
        assert_eq!(try_code(&codes, 101, true).await, Ok(()));
    }

    #[tokio::test]
    async fn one_pupils_wrong_codes_do_not_keep_the_class_out() {
        let shipped = Rates { wrong_codes: rate(500), all_wrong_codes: rate(1000), ..Rates::MAX };
        let codes = Codes::new(&shipped, Buckets::default());
        for _ in 0..499 {
            assert_eq!(try_code(&codes, 1, false).await, Err(Outcome::Wrong));
        }
        assert_eq!(try_code(&codes, 1, true).await, Ok(()));
    }

    #[tokio::test]
    async fn the_networks_of_one_ipv6_site_share_a_bound() {
        let codes = codes();
        let mut revealed = 0;
        for n in 0..100_u16 {
            let address = ClientAddress::from(IpAddr::from([0x2001, 0xdb8, 1, n, 0, 0, 0, 1]));
            let wrong = ready(Err::<(), _>(Outcome::Wrong));
            let outcome = codes.attempt(address, wrong, |it| *it == Outcome::Wrong).await;
            revealed += u32::from(outcome == Err(Outcome::Wrong));
        }
        assert_eq!(revealed, 5 * SITE);
        let elsewhere = ClientAddress::from(IpAddr::from([0x2001, 0xdb8, 2, 0, 0, 0, 0, 1]));
        let wrong = ready(Err::<(), _>(Outcome::Wrong));
        let outcome = codes.attempt(elsewhere, wrong, |it| *it == Outcome::Wrong).await;
        assert_eq!(outcome, Err(Outcome::Wrong));
    }
}
