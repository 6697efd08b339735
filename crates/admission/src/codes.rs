//! Limits of wrong share codes.
//!
//! A code has 30 bits: an address, and no key. A guess tells somebody little only while few guess.

use std::time::Duration;

use settings::Rates;

use crate::address::ClientAddress;
use crate::bucket::{Bucket, Buckets};
use crate::failures::Failures;
use crate::policy::{Limited, Policy};

/// How long an address has to wait that says a wrong code while too many do.
const GUARDED: Duration = Duration::from_mins(1);

/// Limits of wrong share codes.
pub struct Codes {
    buckets: Buckets,
    by_address: Failures,
    /// From anywhere. When there are too many, every address has one guess a minute; those who know
    /// their code do not notice.
    overall: Failures,
}

impl Codes {
    pub(crate) fn new(rates: &Rates, buckets: Buckets) -> Self {
        let limit = |rate| {
            let policy = Policy::new("wrong-codes", "rate_limited_wrong_codes", rate);
            Failures::new(policy, rates.enabled)
        };
        let (by_address, overall) = (limit(rates.wrong_codes), limit(rates.all_wrong_codes));
        Self { buckets, by_address, overall }
    }

    /// Does what somebody at `address` wants with a share code, unless too many were wrong.
    ///
    /// # Errors
    /// What the work says; or that too many were wrong, before the work or in place of its outcome.
    pub async fn attempt<T, E: From<Limited>>(
        &self,
        address: ClientAddress,
        work: impl Future<Output = Result<T, E>>,
        is_wrong: impl Fn(&E) -> bool,
    ) -> Result<T, E> {
        let address = self.buckets.of(address);
        self.by_address.admit(address)?;
        let outcome = work.await;
        match &outcome {
            Err(error) if is_wrong(error) => self.wrong(address)?,
            _ => self.by_address.admit(address)?,
        }
        outcome
    }

    fn wrong(&self, address: Bucket) -> Result<(), Limited> {
        let counted = [self.by_address.note(address), self.overall.note(self.buckets.of(()))];
        if counted[1].is_err() {
            self.by_address.block(address, GUARDED);
        }
        counted.into_iter().collect()
    }

    pub(crate) fn sweep(&self) {
        self.by_address.sweep();
        self.overall.sweep();
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::net::IpAddr;

    use settings::Rate;

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

    async fn say(codes: &Codes, from: u8, right: bool) -> Result<(), Outcome> {
        let outcome = if right { Ok(()) } else { Err(Outcome::Wrong) };
        let address = ClientAddress::from(IpAddr::from([203, 0, 113, from]));
        codes.attempt(address, ready(outcome), |error| *error == Outcome::Wrong).await
    }

    /// Five wrong codes of an address, twenty of all.
    fn codes() -> Codes {
        let rate = |burst| Rate::hourly(1, burst);
        let rates = Rates { wrong_codes: rate(5), all_wrong_codes: rate(20), ..Rates::MAX };
        Codes::new(&rates, Buckets::default())
    }

    #[tokio::test]
    async fn after_five_wrong_codes_a_right_one_tells_nothing() {
        let codes = codes();
        for _ in 0..5 {
            assert_eq!(say(&codes, 1, false).await, Err(Outcome::Wrong));
        }
        assert_eq!(say(&codes, 1, false).await, Err(Outcome::Limited));
        assert_eq!(say(&codes, 1, true).await, Err(Outcome::Limited));
        assert_eq!(say(&codes, 2, true).await, Ok(()));
    }

    #[tokio::test]
    async fn a_class_behind_one_address_joins_without_trouble() {
        let codes = codes();
        assert_eq!(say(&codes, 1, false).await, Err(Outcome::Wrong));
        for _ in 0..400 {
            assert_eq!(say(&codes, 1, true).await, Ok(()));
        }
    }

    #[tokio::test]
    async fn when_too_many_guess_only_those_who_guess_wrong_wait() {
        let codes = codes();
        for n in 0..20 {
            assert_eq!(say(&codes, n, false).await, Err(Outcome::Wrong));
        }
        assert_eq!(say(&codes, 100, false).await, Err(Outcome::Limited));
        assert_eq!(say(&codes, 100, true).await, Err(Outcome::Limited));
        assert_eq!(say(&codes, 101, true).await, Ok(()));
    }
}
