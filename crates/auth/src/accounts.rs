//! Accounts as requests need them: read rarely, and never long out of date.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ids::AccountId;
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;
use store::{Db, StoreError};

use crate::account::Account;
use crate::store as table;

/// How old the account may be that a request is judged by. What happens to an account takes effect
/// within this time, on every instance.
pub const ACCOUNT_AGE_MAX: Duration = Duration::from_secs(1);

/// Accounts that are remembered at most.
const ACCOUNTS_MAX: u64 = 10_000;

/// Accounts that room is made for at the start.
const ACCOUNTS_FIRST: usize = 64;

/// The accounts of the database. Cloning shares what is remembered of them.
#[derive(Clone)]
pub struct Accounts {
    db: Db,
    known: Arc<Cache<AccountId, Known, UnitWeighter>>,
}

#[derive(Clone)]
struct Known {
    account: Arc<Account>,
    read_at: Instant,
}

impl Accounts {
    /// The accounts of this database.
    pub fn of(db: Db) -> Self {
        let known = Cache::with_weighter(ACCOUNTS_FIRST, ACCOUNTS_MAX, UnitWeighter);
        Self { db, known: Arc::new(known) }
    }

    /// The account with this id, as it was at most [`ACCOUNT_AGE_MAX`] ago.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(&self, id: AccountId) -> Result<Option<Arc<Account>>, StoreError> {
        let known = self.known.get(&id).filter(|it| it.read_at.elapsed() < ACCOUNT_AGE_MAX);
        if let Some(known) = known {
            return Ok(Some(known.account));
        }
        // The age counts from before the read: what changes meanwhile is not missed for longer.
        let read_at = Instant::now();
        let Some(row) = self.db.read_one(table::by_id(id)).await? else {
            self.known.remove(&id);
            return Ok(None);
        };
        let account = Arc::new(Account::from(row));
        self.known.insert(id, Known { account: account.clone(), read_at });
        Ok(Some(account))
    }

    /// Reads an account anew the next time, because it was changed.
    pub(crate) fn forget(&self, id: AccountId) {
        self.known.remove(&id);
    }
}
