//! Accounts, tokens and passwords.

use secrecy::SecretString;

use crate::keys::Keys;

/// Accounts, tokens and passwords.
#[derive(Clone, Debug)]
pub struct Auth {
    /// Signs the access tokens; at least 32 bytes outside development and test.
    pub jwt_secret: SecretString,
    /// How long an access token is valid, in minutes, 1 to 10,080 (a week).
    pub access_token_minutes: u32,
    /// How long a visitor's token is valid, in minutes, 1 to 10,080 (a week).
    pub visitor_token_minutes: u32,
    /// Cost of a password hash, 4 to 15; each step doubles the work.
    pub bcrypt_cost: u32,
    /// Whether anybody may register as a counsellor.
    pub registration: bool,
    /// Whether the demo accounts, whose password is published, exist.
    pub demo_accounts: bool,
    /// How long a password reset token is valid, in minutes, 1 to 1,440 (a day).
    pub reset_token_minutes: u32,
    /// Whether the answer to "forgot password" carries the token.
    pub reset_token_in_answer: bool,
}

const WEEK_MINUTES: u32 = 7 * DAY_MINUTES;
const DAY_MINUTES: u32 = 24 * 60;

impl Auth {
    pub(crate) fn read(keys: &mut Keys) -> Self {
        Self {
            jwt_secret: keys.masked("auth.jwt_secret", "text of at least 32 bytes", |_| true),
            access_token_minutes: keys.number("auth.access_token_minutes", 1..=WEEK_MINUTES),
            visitor_token_minutes: keys.number("auth.visitor_token_minutes", 1..=WEEK_MINUTES),
            bcrypt_cost: keys.number("auth.bcrypt_cost", 4..=15),
            registration: keys.flag("auth.registration"),
            demo_accounts: keys.flag("auth.demo_accounts"),
            reset_token_minutes: keys.number("auth.reset_token_minutes", 1..=DAY_MINUTES),
            reset_token_in_answer: keys.flag("auth.reset_token_in_answer"),
        }
    }
}
