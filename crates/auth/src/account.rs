//! A person with an account.

use chrono::{DateTime, Utc};
use ids::AccountId;

use crate::role::{Role, Roles};
use crate::secret::PasswordHash;
use values::Email;

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Who.
    pub id: AccountId,
    /// Where mail reaches them, and what they log in with.
    pub email: Email,
    /// What people call them.
    pub name: String,
    /// What they may do.
    pub roles: Roles,
    /// Whether they may do anything at all.
    pub is_active: bool,
    /// Whether they were given their password and should choose their own.
    pub must_change_password: bool,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

impl Account {
    /// Whether this account may act on what `owner` owns: as that person, or as an administrator.
    pub fn owns_or_administers(&self, owner: AccountId) -> bool {
        self.id == owner || self.roles.has(Role::Admin)
    }
}

/// An account with the hash of its password, for the use cases that check or replace it.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) account: Account,
    pub(crate) hash: PasswordHash,
    /// Which sessions are good: those that began in this epoch. Every new password begins another.
    pub(crate) epoch: i32,
}
