//! An account.

use chrono::{DateTime, Utc};
use ids::AccountId;
use values::Email;

use crate::accounts::{Role, Roles};
use crate::passwords::PasswordHash;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The address for mail and log-in.
    pub email: Email,
    /// The display name.
    pub name: String,
    /// The roles, which grant permissions.
    pub roles: Roles,
    /// Whether the account may be used.
    pub is_active: bool,
    /// Whether the password was assigned and has to be changed first.
    pub must_change_password: bool,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

impl Account {
    /// Whether this account may act on what `owner` owns: it is the owner, or an administrator.
    pub fn owns_or_administers(&self, owner: AccountId) -> bool {
        self.id == owner || self.roles.has(Role::Admin)
    }
}

/// An account with the hash of its password, for the use cases that check or replace it.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) account: Account,
    pub(crate) hash: PasswordHash,
    /// The epoch of its active sessions. A new password begins the next epoch, which ends all sessions.
    pub(crate) epoch: i32,
}
