//! What answers about accounts say.

use api::Located;
use ids::{AccountId, SessionId};
use serde::Serialize;
use utoipa::ToSchema;
use values::{Email, time};

use crate::accounts::Account;
use crate::accounts::demo::DemoAccount;
use crate::accounts::{Role, Roles};
use crate::passwords::reset::Requested;
use crate::sessions::{Session, TokenPair};

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
    /// Gets the next pair of tokens; not here where it is a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    user: UserView,
}

impl LoginView {
    /// The answer to a log-in, which shows the refresh token unless it is a cookie.
    pub(crate) fn new(account: Account, pair: TokenPair, shown: bool) -> Self {
        Self {
            access_token: pair.access_token,
            token_type: "bearer",
            expires_in: pair.expires_in,
            refresh_token: shown.then(|| pair.refresh_token.text()),
            user: account.into(),
        }
    }
}

/// The next pair of tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefreshView {
    /// For the header `Authorization: Bearer …`.
    access_token: String,
    /// Always `bearer`.
    #[schema(example = "bearer")]
    token_type: &'static str,
    /// Seconds until the token is over.
    #[schema(example = 14400)]
    expires_in: i64,
    /// Takes the place of the one that was sent; not here where it is a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

impl RefreshView {
    /// The answer to a refresh, which shows the refresh token unless it is a cookie.
    pub(crate) fn new(it: TokenPair, shown: bool) -> Self {
        Self {
            access_token: it.access_token,
            token_type: "bearer",
            expires_in: it.expires_in,
            refresh_token: shown.then(|| it.refresh_token.text()),
        }
    }
}

/// A session.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionView {
    id: SessionId,
    /// The program that logged in, as it calls itself.
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")]
    device: String,
    /// The network that it came from: an IPv4 /24 or an IPv6 /48.
    #[schema(example = "203.0.113.0/24")]
    address: String,
    /// In UTC, without a zone.
    #[schema(example = "2026-11-22T21:49:05.007362")]
    created_at: String,
    /// When it last got a token; in UTC, without a zone.
    #[schema(example = "2026-11-22T21:49:05.007362")]
    last_used_at: String,
    /// Whether it is the one that asks.
    current: bool,
}

impl SessionView {
    /// A session, as the one called `current` sees it.
    pub(crate) fn new(session: Session, current: Option<SessionId>) -> Self {
        Self {
            id: session.id,
            device: session.device,
            address: session.network,
            created_at: time::naive(session.created_at),
            last_used_at: time::naive(session.rotated_at),
            current: Some(session.id) == current,
        }
    }
}

/// That sessions were ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionsEnded {
    #[schema(example = "All other sessions were ended")]
    pub(crate) message: &'static str,
    /// Their number.
    #[schema(example = 2)]
    pub(crate) ended: usize,
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
        let DemoAccount { id, email, name, roles, description, .. } = *demo;
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
        let total_demo_accounts = crate::accounts::demo::ACCOUNTS.len();
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
}

impl From<Requested> for ResetRequested {
    fn from(requested: Requested) -> Self {
        let dev_note = match requested {
            Requested::Mailed => None,
            Requested::Token(_) => Some("In production, this token would be emailed to the user"),
            Requested::Unknown => Some("Email not found (hidden in production)"),
            Requested::MailQueueFull => Some("Too many mails wait (hidden in production)"),
            Requested::TooMany => Some("Too many tokens are pending (hidden in production)"),
        };
        let dev_token = match requested {
            Requested::Token(token) => Some(token.as_str().to_owned()),
            _ => None,
        };
        Self { message: Self::MESSAGE, dev_token, dev_note }
    }
}

/// The account of whom the tokens are.
impl Located for LoginView {
    fn location(&self) -> String {
        "/api/auth/me".to_owned()
    }
}
