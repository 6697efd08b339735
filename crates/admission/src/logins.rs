//! Limits of failed log-ins.

use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;
use settings::Rates;

use crate::address::ClientAddress;
use crate::bucket::{Bucket, Buckets};
use crate::failures::Failures;
use crate::policy::{Limited, Policy};

/// Pairs of account and address that are remembered at most, of those that failed and of those that
/// succeeded.
const PAIRS_MAX: usize = 100_000;

/// Pairs that memory is reserved for at the start.
const PAIRS_INITIAL: usize = 1_000;

/// Addresses' worth of accounts that an IPv6 site (a /48, with 65,536 addresses as limits count them) may
/// fail to log into.
const SITE: u32 = 4;

/// Limits of failed log-ins. Unknown accounts count like known ones, and every refusal looks alike.
///
/// A failure is expensive only for the client that fails: a client that is known for the account, because
/// it logged in from its address or its network before, has a bucket of its own and is refused neither
/// for failures elsewhere nor for other accounts at its address.
pub struct Logins {
    buckets: Buckets,
    /// Of one account from one address: a password is guessed.
    by_pair: Failures,
    /// Of one account from a network that is known for it.
    by_known: Failures,
    /// Of one account from everywhere: many guess its password.
    by_account: Failures,
    /// Accounts that fail from one address: a list is tried.
    accounts_tried: Failures,
    /// The same from one IPv6 site.
    tried_by_site: Failures,
    failed: Cache<Pair, (), UnitWeighter>,
    trusted: Cache<Pair, (), UnitWeighter>,
}

/// An account and an address, hashed each.
type Pair = (Bucket, Bucket);

/// A client that tries to log in.
struct Attempt<'a, K> {
    limits: &'a Logins,
    account: Bucket,
    address: Bucket,
    site: Option<Bucket>,
    pair: Bucket,
    known: Bucket,
    is_known: K,
}

impl Logins {
    pub(crate) fn new(rates: &Rates, buckets: Buckets) -> Self {
        let policy = |rate| Policy::new("login-failures", "rate_limited_login_failures", rate);
        let limit = |rate| Failures::new(policy(rate), rates.enabled);
        let tried_by_site = policy(rates.accounts_tried).times(SITE);
        Self {
            buckets,
            by_pair: limit(rates.login_failures),
            by_known: limit(rates.login_failures),
            by_account: limit(rates.account_failures),
            accounts_tried: limit(rates.accounts_tried),
            tried_by_site: Failures::new(tried_by_site, rates.enabled),
            failed: Cache::with_weighter(PAIRS_INITIAL, PAIRS_MAX as u64, UnitWeighter),
            trusted: Cache::with_weighter(PAIRS_INITIAL, PAIRS_MAX as u64, UnitWeighter),
        }
    }

    /// Checks a password of `account` for a client at `address`, unless too many failed.
    ///
    /// The check must have no effect, because its outcome may be refused afterwards. `is_known` says
    /// whether the account was logged into from the client's network before; it is asked only when the
    /// client would be refused otherwise.
    ///
    /// # Errors
    /// What the check says; or that too many failed, before the check or in place of its outcome.
    pub async fn attempt<T, E: From<Limited>>(
        &self,
        account: &str,
        address: ClientAddress,
        is_known: impl AsyncFn() -> bool,
        check: impl Future<Output = Result<T, E>>,
        is_failure: impl Fn(&E) -> bool,
    ) -> Result<T, E> {
        let attempt = Attempt {
            limits: self,
            account: self.buckets.of(account),
            address: self.buckets.of(address),
            site: address.site().map(|site| self.buckets.of(site)),
            pair: self.buckets.of((account, address)),
            known: self.buckets.of((account, address.network())),
            is_known,
        };
        attempt.admit().await?;
        let outcome = check.await;
        match &outcome {
            Err(error) if is_failure(error) => attempt.failed()?,
            // Another refusal may tell that the password is right.
            Err(_) => attempt.admit().await?,
            Ok(_) => attempt.succeeded().await?,
        }
        outcome
    }

    pub(crate) fn sweep(&self) {
        // The caches are bounded by themselves.
        let Self {
            buckets: _,
            by_pair,
            by_known,
            by_account,
            accounts_tried,
            tried_by_site,
            failed: _,
            trusted: _,
        } = self;
        let limits = [by_pair, by_known, by_account, accounts_tried, tried_by_site];
        limits.into_iter().for_each(Failures::sweep);
    }
}

impl<K: AsyncFn() -> bool> Attempt<'_, K> {
    async fn admit(&self) -> Result<(), Limited> {
        let Self { limits, account, address, pair, known, .. } = self;
        limits.by_pair.admit(*pair)?;
        let is_trusted = limits.trusted.get(&(*account, *address)).is_some();
        match self.admit_stranger() {
            Err(_) if is_trusted => Ok(()),
            Err(limited) if !(self.is_known)().await => Err(limited),
            Err(_) => limits.by_known.admit(*known),
            Ok(()) => Ok(()),
        }
    }

    fn admit_stranger(&self) -> Result<(), Limited> {
        let Self { limits, account, address, site, .. } = self;
        limits.accounts_tried.admit(*address)?;
        site.map_or(Ok(()), |site| limits.tried_by_site.admit(site))?;
        limits.by_account.admit(*account)
    }

    fn failed(&self) -> Result<(), Limited> {
        let Self { limits, account, address, site, pair, known, .. } = self;
        let is_first = limits.failed.get(&(*account, *address)).is_none();
        let own = limits.by_pair.note(*pair);
        // Blocks the bucket that known clients of this network share; this failure is told by the others.
        let _ = limits.by_known.note(*known);
        let mut others = vec![limits.by_account.note(*account)];
        if is_first {
            others.push(limits.accounts_tried.note(*address));
            others.extend(site.map(|site| limits.tried_by_site.note(site)));
        }
        limits.failed.insert((*account, *address), ());
        own?;
        others.into_iter().collect()
    }

    async fn succeeded(&self) -> Result<(), Limited> {
        self.admit().await?;
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
        logins.attempt(account, address(from), async || false, ready(outcome), is_failure).await
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
        let right = logins.attempt(
            "ada",
            address(1),
            async || false,
            right,
            |error| *error == Outcome::Wrong,
        );
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
        let inactive = logins.attempt(
            "ada",
            address(1),
            async || false,
            inactive,
            |error| *error == Outcome::Wrong,
        );
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
    async fn a_network_that_is_known_for_an_account_is_not_kept_out_by_others() {
        let logins = logins();
        for attacker in 0..20 {
            assert_eq!(log_in(&logins, "ada", attacker, false).await, Err(Outcome::Wrong));
        }
        let at_home = ClientAddress::from(std::net::IpAddr::from([198, 51, 100, 7]));
        let is_failure = |error: &Outcome| *error == Outcome::Wrong;
        for (is_known, outcome) in [(false, Err(Outcome::Limited)), (true, Ok(()))] {
            let right = ready(Ok::<_, Outcome>(()));
            let logged_in =
                logins.attempt("ada", at_home, async || is_known, right, is_failure).await;
            assert_eq!(logged_in, outcome, "{is_known}");
        }
    }

    #[tokio::test]
    async fn accounts_that_are_made_up_keep_nobody_out_who_logged_in_at_the_address_before() {
        let logins = logins();
        assert_eq!(log_in(&logins, "ada", 1, true).await, Ok(()));
        for n in 0..20 {
            let _ = log_in(&logins, &format!("nobody-{n}"), 1, false).await;
        }
        assert_eq!(log_in(&logins, "ada", 1, true).await, Ok(()));
        assert_eq!(log_in(&logins, "bob", 1, true).await, Err(Outcome::Limited));
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
            logins.attempt(
                "ada",
                address(1),
                async || false,
                work,
                |error| *error == Outcome::Wrong,
            )
        });
        let guesses: Vec<_> = guesses.collect();
        let all = futures::future::join_all(guesses);
        let (outcomes, _) = tokio::join!(all, async { go.send(()) });
        assert_eq!(outcomes.iter().filter(|it| **it == Err(Outcome::Wrong)).count(), 5);
    }
}
