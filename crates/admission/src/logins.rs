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
    failed: Cache<Pair, ()>,
    trusted: Cache<Pair, ()>,
}

/// An account and an address, hashed each.
type Pair = (Bucket, Bucket);

/// Which limits a client is admitted by.
#[derive(Clone, Copy)]
enum Standing {
    /// The limits of unknown clients: of the account, and of the address.
    Stranger,
    /// That of its network, which is known for the account.
    Known,
    /// That of the account from its address, where a log-in succeeded before.
    Trusted,
}

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
            failed: Cache::new(PAIRS_MAX),
            trusted: Cache::new(PAIRS_MAX),
        }
    }

    /// Checks a password of `account` for a client at `address`, unless too many failed.
    ///
    /// The check must have no effect, because its outcome may be refused afterwards. `is_known` returns
    /// whether the account was logged into from the client's network before; it is asked only when the
    /// client would be refused otherwise.
    ///
    /// # Errors
    /// The error of the check; or too many failures, before the check or in place of its outcome.
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
        let standing = attempt.admit().await?;
        let outcome = check.await;
        match &outcome {
            Err(error) if is_failure(error) => attempt.failed(standing)?,
            // Another error may reveal that the password is right.
            Err(_) => drop(attempt.admit().await?),
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
    async fn admit(&self) -> Result<Standing, Limited> {
        let Self { limits, account, address, pair, known, .. } = self;
        limits.by_pair.admit(*pair)?;
        let is_trusted = limits.trusted.get(&(*account, *address)).is_some();
        match self.admit_stranger() {
            Ok(()) => Ok(Standing::Stranger),
            Err(_) if is_trusted => Ok(Standing::Trusted),
            Err(limited) if !(self.is_known)().await => Err(limited),
            Err(_) => limits.by_known.admit(*known).map(|()| Standing::Known),
        }
    }

    fn admit_stranger(&self) -> Result<(), Limited> {
        let Self { limits, account, address, site, .. } = self;
        limits.accounts_tried.admit(*address)?;
        site.map_or(Ok(()), |site| limits.tried_by_site.admit(site))?;
        limits.by_account.admit(*account)
    }

    /// Counts a failure in every limit. It is answered by those that admitted the client: the others were
    /// exceeded before.
    fn failed(&self, standing: Standing) -> Result<(), Limited> {
        let Self { limits, account, address, site, pair, known, .. } = self;
        let is_first = limits.failed.get(&(*account, *address)).is_none();
        let own = limits.by_pair.note(*pair);
        let known = limits.by_known.note(*known);
        let mut strangers = limits.by_account.note(*account);
        if is_first {
            strangers = strangers.and(limits.accounts_tried.note(*address));
            if let Some(site) = site {
                strangers = strangers.and(limits.tried_by_site.note(*site));
            }
        }
        limits.failed.insert((*account, *address), ());
        own.and(match standing {
            Standing::Stranger => strangers,
            Standing::Known => known,
            Standing::Trusted => Ok(()),
        })
    }

    async fn succeeded(&self) -> Result<(), Limited> {
        self.admit().await?;
        self.limits.trusted.insert((self.account, self.address), ());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
