//! A pair of tokens, as a log-in or a refresh gives it.

use chrono::{DateTime, Utc};

use crate::accounts::Account;
use crate::context::Auth;
use crate::error::AuthError;
use crate::sessions::Generation;
use crate::tokens::RefreshToken;

/// The tokens of one generation of a session.
pub(crate) struct TokenPair {
    /// Authenticates requests.
    pub access_token: String,
    /// Lifetime that is left of the access token, in seconds.
    pub expires_in: i64,
    /// Gets the next pair.
    pub refresh_token: RefreshToken,
}

impl TokenPair {
    /// The pair of this generation, as given at `now`.
    ///
    /// # Errors
    /// When the access token cannot be signed, which would be a bug.
    pub(crate) fn issue(
        auth: &Auth,
        account: &Account,
        generation: Generation,
        refresh_token: RefreshToken,
        now: DateTime<Utc>,
    ) -> Result<Self, AuthError> {
        let access_token = auth.access_tokens.issue(account, generation)?;
        let expires_in = (auth.access_tokens.end(generation.began_at) - now).num_seconds();
        Ok(Self { access_token, expires_in, refresh_token })
    }
}
