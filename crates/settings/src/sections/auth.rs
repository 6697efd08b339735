//! Accounts, tokens and passwords.

use secrecy::{ExposeSecret, SecretString};

use crate::keys::Keys;

/// Accounts, tokens and passwords.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Auth {
    /// Signs the access tokens; at least 32 bytes outside development and test.
    pub jwt_secret: SecretString,
    /// Secrets that verify tokens and sign none.
    pub passive_jwt_secrets: Vec<SecretString>,
    /// Whether access tokens of the earlier backend are accepted.
    pub legacy_tokens: bool,
    /// How long an access token is valid, in minutes, 1 to 10,080 (a week).
    pub access_token_minutes: u32,
    /// How long a visitor's token is valid, in minutes, 1 to 10,080 (a week).
    pub visitor_token_minutes: u32,
    /// Lifetime of a session without a refresh, in days, 1 to 365.
    pub session_idle_days: i64,
    /// Maximum lifetime of a session, in days, 1 to 3,650.
    pub session_days: i64,
    /// Active sessions of one account, at most, 1 to 10,000.
    pub sessions_per_account: i64,
    /// How long an ended session is kept, in days, 0 to 365.
    pub ended_session_days: i64,
    /// Ended sessions that one account keeps, at most, 0 to 10,000.
    pub ended_sessions_per_account: i64,
    /// Whether the refresh token comes and goes in a cookie, and not in bodies.
    pub refresh_cookie: bool,
    /// Retention of the audit log, in days, 1 to 3,650.
    pub audit_days: i64,
    /// Cost of a password hash, 4 to 15; each step doubles the work.
    pub bcrypt_cost: u32,
    /// Whether registration is open.
    pub registration: bool,
    /// Whether the demo accounts, whose password is published, exist.
    pub demo_accounts: bool,
    /// How long a password reset token is valid, in minutes, 1 to 1,440 (a day).
    pub reset_token_minutes: u32,
    /// Whether the answer to "forgot password" carries the token.
    pub reset_token_in_answer: bool,
}

/// The highest cost of a password hash, in the settings and in the database: a hash takes two to four seconds.
pub const BCRYPT_COST_MAX: u32 = 15;

const WEEK_MINUTES: u32 = 7 * DAY_MINUTES;
const DAY_MINUTES: u32 = 24 * 60;

impl Auth {
    pub(crate) fn read(keys: &mut Keys) -> Self {
        Self {
            jwt_secret: keys.masked("auth.jwt_secret", "text of at least 32 bytes", |_| Ok(())),
            passive_jwt_secrets: passive_secrets(keys),
            legacy_tokens: keys.flag("auth.legacy_tokens"),
            access_token_minutes: keys.number("auth.access_token_minutes", 1..=WEEK_MINUTES),
            visitor_token_minutes: keys.number("auth.visitor_token_minutes", 1..=WEEK_MINUTES),
            session_idle_days: keys.number("auth.session_idle_days", 1..=365),
            session_days: keys.number("auth.session_days", 1..=3650),
            sessions_per_account: keys.number("auth.sessions_per_account", 1..=10_000),
            ended_session_days: keys.number("auth.ended_session_days", 0..=365),
            ended_sessions_per_account: keys.number("auth.ended_sessions_per_account", 0..=10_000),
            refresh_cookie: keys.flag("auth.refresh_cookie"),
            audit_days: keys.number("auth.audit_days", 1..=3650),
            bcrypt_cost: keys.number("auth.bcrypt_cost", 4..=BCRYPT_COST_MAX),
            registration: keys.flag("auth.registration"),
            demo_accounts: keys.flag("auth.demo_accounts"),
            reset_token_minutes: keys.number("auth.reset_token_minutes", 1..=DAY_MINUTES),
            reset_token_in_answer: keys.flag("auth.reset_token_in_answer"),
        }
    }
}

/// Secrets separated by commas, which `openssl rand -base64` never writes. Blanks around them are dropped.
fn passive_secrets(keys: &mut Keys) -> Vec<SecretString> {
    let accepted = "secrets of at least 32 bytes, separated by commas";
    let list = keys.masked("auth.passive_jwt_secrets", accepted, |_| Ok(()));
    let secrets = list.expose_secret().split(',').map(str::trim).filter(|it| !it.is_empty());
    secrets.map(SecretString::from).collect()
}
