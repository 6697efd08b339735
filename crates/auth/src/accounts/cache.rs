//! Cache of the accounts that requests are authorized by.

use std::sync::Arc;
use std::time::{Duration, Instant};

use database::{DatabaseError, Db, Lookups};
use ids::{AccountId, SessionId};
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;
use tokio::runtime::Handle;
use values::time;

use crate::accounts::Account;
use crate::store::{self as table, AccountRow};
use crate::tokens::AccessClaims;

/// Maximum age of the account and the session that a request is authorized by. A change takes effect
/// within this time on every instance, and at once on the instance that made it.
pub const ACCOUNT_AGE_MAX: Duration = Duration::from_secs(1);

/// Capacity of the cache: sessions, and accounts of tokens without a session.
const KNOWN_MAX: u64 = 10_000;

/// Initial capacity of the cache.
const KNOWN_INITIAL: usize = 64;

/// The accounts of the database and their sessions, cached. A clone shares the cache.
#[derive(Clone)]
pub struct Accounts {
    db: Db,
    sessions: Lookups<SessionId, AccountRow>,
    known: Arc<Cache<Key, Known, UnitWeighter>>,
    /// When this instance last changed an account or its sessions; older entries of the cache are stale.
    changed: Arc<Cache<AccountId, Instant, UnitWeighter>>,
}

/// The key of a lookup.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Account(AccountId),
    Session(SessionId),
}

#[derive(Clone)]
struct Known {
    account: Arc<Account>,
    read_at: Instant,
}

impl Accounts {
    /// The accounts of this database. Lookups that come together are read in one query, on `runtime`.
    pub fn of(db: Db, runtime: &Handle) -> Self {
        let known = Cache::with_weighter(KNOWN_INITIAL, KNOWN_MAX, UnitWeighter);
        let changed = Cache::with_weighter(KNOWN_INITIAL, KNOWN_MAX, UnitWeighter);
        let one = |id| table::sessions::account_of(id, time::now());
        let many = |ids| table::sessions::accounts_of(ids, time::now());
        let sessions = Lookups::start("session", &db, runtime, one, many);
        Self { db, sessions, known: Arc::new(known), changed: Arc::new(changed) }
    }

    /// The account with this id, read at most [`ACCOUNT_AGE_MAX`] ago.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(&self, id: AccountId) -> Result<Option<Arc<Account>>, DatabaseError> {
        self.look_up(Key::Account(id)).await
    }

    /// The account of a session, if the session was active at most [`ACCOUNT_AGE_MAX`] ago.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_session(&self, id: SessionId) -> Result<Option<Arc<Account>>, DatabaseError> {
        self.look_up(Key::Session(id)).await
    }

    /// The account of an access token, if its session is active.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn of_claims(
        &self,
        claims: AccessClaims,
    ) -> Result<Option<Arc<Account>>, DatabaseError> {
        match claims.session {
            Some(session) => self.of_session(session).await,
            None => self.find(claims.account).await,
        }
    }

    async fn look_up(&self, key: Key) -> Result<Option<Arc<Account>>, DatabaseError> {
        let known = self.known.get(&key).filter(|known| self.is_fresh(known));
        if let Some(known) = known {
            return Ok(Some(known.account));
        }
        // The age counts from before the read, so that a change during the read is not missed for longer.
        let read_at = Instant::now();
        let row = match key {
            Key::Account(id) => self.db.read_one(table::by_id(id)).await?,
            Key::Session(id) => self.sessions.find(id).await?,
        };
        let Some(row) = row else {
            self.known.remove(&key);
            return Ok(None);
        };
        let account = Arc::new(Account::from(row));
        self.known.insert(key, Known { account: account.clone(), read_at });
        Ok(Some(account))
    }

    fn is_fresh(&self, known: &Known) -> bool {
        let changed = self.changed.get(&known.account.id);
        known.read_at.elapsed() < ACCOUNT_AGE_MAX && changed.is_none_or(|at| at < known.read_at)
    }

    /// Invalidates an account and its sessions after a change.
    pub(crate) fn invalidate(&self, id: AccountId) {
        self.changed.insert(id, Instant::now());
    }
}
