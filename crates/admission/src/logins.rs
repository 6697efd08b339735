//! Limits of failed log-ins.

use quick_cache::sync::Cache;
use settings::Rates;

use crate::address::ClientAddress;
use crate::bucket::{Bucket, Buckets};
use crate::failures::Failures;
use crate::policy::{Limited, Policy};

/// Pairs of account and address that are remembered at most, of those that failed and of those that
/// succeeded.
const PAIRS_MAX: usize = 100_000;

/// Limits of failed log-ins. Unknown accounts count like known ones, and every refusal looks alike.
pub struct Logins {
    buckets: Buckets,
    /// Of one account from one address: somebody guesses a password.
    by_pair: Failures,
    /// Of one account from anywhere: many guess it. Whoever logged in from an address before is not
    /// kept out by what others guess elsewhere.
    by_account: Failures,
    /// Accounts that fail from one address: somebody tries a list.
    accounts_tried: Failures,
    failed: Cache<Pair, ()>,
    trusted: Cache<Pair, ()>,
}

/// An account and an address, hashed each.
type Pair = (Bucket, Bucket);

/// Somebody who tries to log in.
struct Attempt<'a> {
    limits: &'a Logins,
    account: Bucket,
    address: Bucket,
    pair: Bucket,
}

impl Logins {
    pub(crate) fn new(rates: &Rates, buckets: Buckets) -> Self {
        let limit = |rate| {
            let policy = Policy::new("login-failures", "rate_limited_login_failures", rate);
            Failures::new(policy, rates.enabled)
        };
        Self {
            buckets,
            by_pair: limit(rates.login_failures),
            by_account: limit(rates.account_failures),
            accounts_tried: limit(rates.accounts_tried),
            failed: Cache::new(PAIRS_MAX),
            trusted: Cache::new(PAIRS_MAX),
        }
    }

    /// Checks a password of `account` for somebody at `address`, unless too many failed.
    ///
    /// The check must have no effect: whatever it says may be refused afterwards.
    ///
    /// # Errors
    /// What the check says; or that too many failed, before the check or in place of its outcome.
    pub async fn attempt<T, E: From<Limited>>(
        &self,
        account: &str,
        address: ClientAddress,
        check: impl Future<Output = Result<T, E>>,
        is_failure: impl Fn(&E) -> bool,
    ) -> Result<T, E> {
        let attempt = Attempt {
            limits: self,
            account: self.buckets.of(account),
            address: self.buckets.of(address),
            pair: self.buckets.of((account, address)),
        };
        attempt.admit()?;
        let outcome = check.await;
        match &outcome {
            Err(error) if is_failure(error) => attempt.failed()?,
            // What else it says may tell that the password is right.
            Err(_) => attempt.admit()?,
            Ok(_) => attempt.succeeded()?,
        }
        outcome
    }

    pub(crate) fn sweep(&self) {
        let limits = [&self.by_pair, &self.by_account, &self.accounts_tried];
        limits.into_iter().for_each(Failures::sweep);
    }
}

impl Attempt<'_> {
    fn admit(&self) -> Result<(), Limited> {
        let Self { limits, account, address, pair } = *self;
        limits.by_pair.admit(pair)?;
        limits.accounts_tried.admit(address)?;
        let is_trusted = limits.trusted.get(&(account, address)).is_some();
        if is_trusted { Ok(()) } else { limits.by_account.admit(account) }
    }

    fn failed(&self) -> Result<(), Limited> {
        let Self { limits, account, address, pair } = *self;
        let is_first = limits.failed.get(&(account, address)).is_none();
        let counted = [
            limits.by_pair.note(pair),
            limits.by_account.note(account),
            if is_first { limits.accounts_tried.note(address) } else { Ok(()) },
        ];
        limits.failed.insert((account, address), ());
        counted.into_iter().collect()
    }

    fn succeeded(&self) -> Result<(), Limited> {
        self.admit()?;
        self.limits.trusted.insert((self.account, self.address), ());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use settings::Rate;

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Outcome {
        Wrong,
        /// The password is right, and still nobody gets in.
        Inactive,
        Limited,
    }

    impl From<Limited> for Outcome {
        fn from(_: Limited) -> Self {
            Self::Limited
        }
    }

    /// Five failures of a pair, twenty of an account, ten accounts of an address; one more an hour.
    fn logins() -> Logins {
        let rate = |burst| Rate::hourly(1, burst);
        let rates = Rates {
            login_failures: rate(5),
            account_failures: rate(20),
            accounts_tried: rate(10),
            ..Rates::MAX
        };
        Logins::new(&rates, Buckets::default())
    }

    fn address(n: u8) -> ClientAddress {
        ClientAddress::from(std::net::IpAddr::from([203, 0, 113, n]))
    }

    async fn log_in(logins: &Logins, account: &str, from: u8, right: bool) -> Result<(), Outcome> {
        let outcome = if right { Ok(()) } else { Err(Outcome::Wrong) };
        let is_failure = |error: &Outcome| *error == Outcome::Wrong;
        logins.attempt(account, address(from), ready(outcome), is_failure).await
    }

    #[tokio::test]
    async fn after_five_wrong_passwords_the_right_one_is_refused_too_but_not_elsewhere() {
        let logins = logins();
        for _ in 0..5 {
            assert_eq!(log_in(&logins, "ada", 1, false).await, Err(Outcome::Wrong));
        }
        assert_eq!(log_in(&logins, "ada", 1, false).await, Err(Outcome::Limited));
        assert_eq!(log_in(&logins, "ada", 1, true).await, Err(Outcome::Limited));
        assert_eq!(log_in(&logins, "ada", 2, true).await, Ok(()));
        assert_eq!(log_in(&logins, "bob", 1, true).await, Ok(()));
    }

    #[tokio::test]
    async fn a_right_guess_among_wrong_ones_tells_nothing() {
        let logins = logins();
        let (finish, finished) = tokio::sync::oneshot::channel::<()>();
        let right = async { finished.await.map_err(|_| Outcome::Wrong) };
        let right = logins.attempt("ada", address(1), right, |error| *error == Outcome::Wrong);
        let wrong = async {
            for _ in 0..5 {
                assert_eq!(log_in(&logins, "ada", 1, false).await, Err(Outcome::Wrong));
            }
            finish.send(())
        };
        assert_eq!(tokio::join!(right, wrong).0, Err(Outcome::Limited));
    }

    #[tokio::test]
    async fn nor_does_one_that_is_turned_away_for_another_reason() {
        let logins = logins();
        let (finish, finished) = tokio::sync::oneshot::channel::<()>();
        let inactive = async {
            let _ = finished.await;
            Err::<(), _>(Outcome::Inactive)
        };
        let inactive =
            logins.attempt("ada", address(1), inactive, |error| *error == Outcome::Wrong);
        let wrong = async {
            for _ in 0..5 {
                assert_eq!(log_in(&logins, "ada", 1, false).await, Err(Outcome::Wrong));
            }
            finish.send(())
        };
        assert_eq!(tokio::join!(inactive, wrong).0, Err(Outcome::Limited));
    }

    #[tokio::test]
    async fn an_account_that_many_guess_lets_in_only_from_where_its_owner_was() {
        let logins = logins();
        assert_eq!(log_in(&logins, "ada", 200, true).await, Ok(()));
        for attacker in 0..20 {
            assert_eq!(log_in(&logins, "ada", attacker, false).await, Err(Outcome::Wrong));
        }
        assert_eq!(log_in(&logins, "ada", 100, true).await, Err(Outcome::Limited));
        assert_eq!(log_in(&logins, "ada", 200, true).await, Ok(()));
    }

    #[tokio::test]
    async fn an_address_that_tries_many_accounts_is_stopped() {
        let logins = logins();
        let mut told = 0;
        for n in 0..50 {
            told +=
                i32::from(log_in(&logins, &n.to_string(), 1, false).await == Err(Outcome::Wrong));
        }
        assert_eq!(told, 10);
    }

    #[tokio::test]
    async fn success_costs_nothing() {
        let logins = logins();
        for _ in 0..1000 {
            assert_eq!(log_in(&logins, "ada", 1, true).await, Ok(()));
        }
    }

    #[tokio::test]
    async fn of_guesses_at_the_same_moment_no_more_are_told_than_of_guesses_in_a_row() {
        let logins = logins();
        let (go, _) = tokio::sync::broadcast::channel::<()>(1);
        let guesses = (0..50).map(|_| {
            let mut started = go.subscribe();
            let work = async move {
                let _ = started.recv().await;
                Err::<(), _>(Outcome::Wrong)
            };
            logins.attempt("ada", address(1), work, |error| *error == Outcome::Wrong)
        });
        let guesses: Vec<_> = guesses.collect();
        let all = futures::future::join_all(guesses);
        let (outcomes, _) = tokio::join!(all, async { go.send(()) });
        assert_eq!(outcomes.iter().filter(|it| **it == Err(Outcome::Wrong)).count(), 5);
    }
}
