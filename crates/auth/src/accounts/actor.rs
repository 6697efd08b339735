//! The administrator who acts on an account.

use database::Fetch;
use ids::AccountId;

use crate::accounts::Account;
use crate::audit::{self, Action, AuditEntry};
use crate::client::Client;
use crate::context::Auth;
use crate::error::AuthError;
use crate::store::AccountRow;

/// The administrator, and the origin of the request.
#[derive(Clone, Copy)]
pub(crate) struct Actor<'a> {
    pub(crate) admin: AccountId,
    pub(crate) client: &'a Client,
}

impl Actor<'_> {
    /// The audit entry of an action on an account.
    pub(crate) fn entry(self, action: Action, account: AccountId) -> AuditEntry {
        AuditEntry { action, actor: Some(self.admin), account: Some(account), session: None }
    }

    /// Changes an account and records the administrator as actor; returns the account, if there is one.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn change<'q>(
        self,
        auth: &Auth,
        action: Action,
        change: impl Fetch<'q, AccountRow>,
    ) -> Result<Option<Account>, AuthError> {
        let noted = move |rows: &[AccountRow]| rows.first().map(|it| self.entry(action, it.id()));
        let rows = audit::change_and_record(auth, self.client, change, noted).await?;
        Ok(rows.into_iter().next().map(Account::from))
    }
}
