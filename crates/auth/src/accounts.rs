//! Accounts as requests need them: read rarely, and never long out of date.

use std::sync::Arc;
use std::time::{Duration, Instant};

use database::{DatabaseError, Db, Lookups};
use ids::{AccountId, SessionId};
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;
use tokio::runtime::Handle;
use values::time;

use crate::account::Account;
use crate::store::{self as table, AccountRow};
use crate::token::Bearer;

/// How old the account and the session may be that a request is judged by. What happens to them takes
/// effect within this time on every instance, and at once on the one where it happens.
pub const ACCOUNT_AGE_MAX: Duration = Duration::from_secs(1);

/// Sessions that are remembered at most, and accounts without.
const KNOWN_MAX: u64 = 10_000;

/// Entries that room is made for at the start.
const KNOWN_FIRST: usize = 64;

/// The accounts of the database, and who is logged in. Cloning shares what is remembered of them.
#[derive(Clone)]
pub struct Accounts {
    db: Db,
    sessions: Lookups<SessionId, AccountRow>,
    known: Arc<Cache<Key, Known, UnitWeighter>>,
    /// When something happened here to an account or its sessions: what was read before is forgotten.
    changed: Arc<Cache<AccountId, Instant, UnitWeighter>>,
}

/// What an account is looked for by.
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
    /// The accounts of this database, of which those that are needed together are read on `runtime`.
    pub fn of(db: Db, runtime: &Handle) -> Self {
        let known = Cache::with_weighter(KNOWN_FIRST, KNOWN_MAX, UnitWeighter);
        let changed = Cache::with_weighter(KNOWN_FIRST, KNOWN_MAX, UnitWeighter);
        let one = |id| table::sessions::account_of(id, time::now());
        let many = |ids| table::sessions::accounts_of(ids, time::now());
        let sessions = Lookups::start("session", &db, runtime, one, many);
        Self { db, sessions, known: Arc::new(known), changed: Arc::new(changed) }
    }

    /// The account with this id, as it was at most [`ACCOUNT_AGE_MAX`] ago.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(&self, id: AccountId) -> Result<Option<Arc<Account>>, DatabaseError> {
        self.look_up(Key::Account(id)).await
    }

    /// The account of a session, if at most [`ACCOUNT_AGE_MAX`] ago the session lasted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_session(&self, id: SessionId) -> Result<Option<Arc<Account>>, DatabaseError> {
        self.look_up(Key::Session(id)).await
    }

    /// The account that a token names, if its session lasts.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn of_bearer(
        &self,
        bearer: Bearer,
    ) -> Result<Option<Arc<Account>>, DatabaseError> {
        match bearer.session {
            Some(session) => self.of_session(session).await,
            None => self.find(bearer.account).await,
        }
    }

    async fn look_up(&self, key: Key) -> Result<Option<Arc<Account>>, DatabaseError> {
        let known = self.known.get(&key).filter(|known| self.is_fresh(known));
        if let Some(known) = known {
            return Ok(Some(known.account));
        }
        // The age counts from before the read: what changes meanwhile is not missed for longer.
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

    /// Reads an account and its sessions anew the next time, because something happened to them.
    pub(crate) fn forget(&self, id: AccountId) {
        self.changed.insert(id, Instant::now());
    }
}
