//! What answers about accounts say.

use api::time;
use ids::AccountId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::account::Account;
use crate::demo::DemoAccount;
use crate::email::Email;
use crate::login::LoggedIn;
use crate::reset::ResetToken;
use crate::role::{Role, Roles};

/// An access token and whose it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginView {
    /// For the header `Authorization: Bearer …`.
    access_token: String,
    /// Always `bearer`.
    #[schema(example = "bearer")]
    token_type: &'static str,
    /// Seconds until the token is over.
    #[schema(example = 14400)]
    expires_in: i64,
    user: UserView,
}

impl From<LoggedIn> for LoginView {
    fn from(it: LoggedIn) -> Self {
        Self {
            access_token: it.access_token,
            token_type: "bearer",
            expires_in: it.expires_in,
            user: it.account.into(),
        }
    }
}

/// An account, as it sees itself after logging in.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserView {
    id: AccountId,
    name: String,
    #[schema(value_type = String, format = "email")]
    email: Email,
    #[schema(value_type = Vec<Role>)]
    roles: Roles,
    is_active: bool,
    /// In UTC, without a zone.
    #[schema(example = "2026-11-22T21:49:05.007362")]
    created_at: String,
    /// Whether the password was given and one's own should be chosen.
    must_change_password: bool,
    /// The same as `name`.
    full_name: String,
}

impl From<Account> for UserView {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            full_name: account.name.clone(),
            name: account.name,
            email: account.email,
            roles: account.roles,
            is_active: account.is_active,
            created_at: time::naive(account.created_at),
            must_change_password: account.must_change_password,
        }
    }
}

/// The account of a token.
#[derive(Serialize, ToSchema)]
pub(crate) struct MeView {
    #[schema(value_type = String, format = "email")]
    email: Email,
    name: String,
    id: AccountId,
    #[schema(value_type = Vec<Role>)]
    roles: Roles,
    is_active: bool,
    /// In UTC, without a zone.
    #[schema(example = "2026-11-22T21:49:05.007362")]
    created_at: String,
}

impl From<Account> for MeView {
    fn from(account: Account) -> Self {
        Self {
            email: account.email,
            name: account.name,
            id: account.id,
            roles: account.roles,
            is_active: account.is_active,
            created_at: time::naive(account.created_at),
        }
    }
}

/// A demo account.
#[derive(Serialize, ToSchema)]
pub(crate) struct DemoView {
    id: AccountId,
    name: &'static str,
    email: &'static str,
    roles: &'static [Role],
    /// Who the account is meant to be.
    description: &'static str,
}

impl From<&DemoAccount> for DemoView {
    fn from(demo: &DemoAccount) -> Self {
        let DemoAccount { id, email, name, roles, description } = *demo;
        Self { id, name, email, roles, description }
    }
}

/// Which demo accounts were created.
#[derive(Serialize, ToSchema)]
pub(crate) struct DemosCreated {
    #[schema(example = "Demo accounts initialized")]
    message: &'static str,
    /// The addresses of the new ones.
    created: Vec<&'static str>,
    #[schema(example = 4)]
    total_demo_accounts: usize,
}

impl From<Vec<&'static str>> for DemosCreated {
    fn from(created: Vec<&'static str>) -> Self {
        let total_demo_accounts = crate::demo::ACCOUNTS.len();
        Self { message: "Demo accounts initialized", created, total_demo_accounts }
    }
}

/// That something was done.
#[derive(Serialize, ToSchema)]
pub(crate) struct Message {
    message: &'static str,
}

impl Message {
    pub(crate) fn new(message: &'static str) -> Self {
        Self { message }
    }
}

/// That a reset was asked for.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResetRequested {
    message: &'static str,
    /// The token; only in the development profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    dev_token: Option<String>,
    /// What became of the request; only in the development profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    dev_note: Option<&'static str>,
}

impl ResetRequested {
    const MESSAGE: &'static str = "If the email exists, a password reset link has been sent";

    /// The answer that tells nothing.
    pub(crate) fn mailed() -> Self {
        Self { message: Self::MESSAGE, dev_token: None, dev_note: None }
    }

    /// The answer of the development profile.
    #[expect(clippy::needless_pass_by_value, reason = "a token is shown once")]
    pub(crate) fn shown(token: Option<ResetToken>) -> Self {
        let note = match token {
            Some(_) => "In production, this token would be emailed to the user",
            None => "Email not found (hidden in production)",
        };
        let dev_token = token.as_ref().map(|it| it.as_str().to_owned());
        Self { message: Self::MESSAGE, dev_token, dev_note: Some(note) }
    }
}
