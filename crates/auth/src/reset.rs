//! Resetting a forgotten password.
//!
//! The token is 256 random bits; only its SHA-256 is kept, in the account itself. So a newer
//! token replaces an older one, and using it is one conditional update.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use values::{Email, time};

use crate::account::Account;
use crate::audit::{self, Action, Deed};
use crate::client::Client;
use crate::error::AuthError;
use crate::secret::Password;
use crate::store::AccountRow;
use crate::{Auth, store};

/// A permission to set a new password, shown once.
pub struct ResetToken(String);

impl ResetToken {
    fn new() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    /// The text that its owner sends back.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn fingerprint(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}

/// Allows a reset and mails the token, where somebody has this address.
///
/// Gives the token, for the profile that may answer with it. A known address takes no longer than an
/// unknown one: either way one transaction writes the request down, and the mail leaves later.
///
/// # Errors
/// When the database fails.
pub async fn request(
    auth: &Auth,
    email: &Email,
    client: &Client,
) -> Result<Option<ResetToken>, AuthError> {
    let token = ResetToken::new();
    let until = time::now() + TimeDelta::minutes(auth.rules.reset_token_minutes.into());
    let allowed = store::allow_reset(email, fingerprint(token.as_str()), until);
    let noted = |found: &[AccountRow]| {
        let account = found.first().map(AccountRow::id);
        Some(Deed::by_nobody(Action::ResetRequested, account))
    };
    let account = audit::carry_out(auth, client, allowed, noted).await?.pop().map(Account::from);
    Ok(account.map(|account| {
        auth.mailer.send_reset(&account, &token, auth.rules.reset_token_minutes);
        token
    }))
}

/// Sets a new password by a token, which is used up. All sessions end.
///
/// # Errors
/// When the token is unknown, used, replaced or over, or the password unfit (which uses nothing).
pub async fn reset(
    auth: &Auth,
    token: &str,
    new: Password,
    client: &Client,
) -> Result<(), AuthError> {
    let fingerprint = fingerprint(token);
    let allowed = auth.db.read_one(store::resettable(&fingerprint, time::now())).await?;
    allowed.ok_or(AuthError::BadResetToken)?;
    let (new, cost) = (new.fit_to_set()?, auth.rules.bcrypt_cost);
    let hash = auth.hashing.run(move || new.hash(cost)).await??;
    let reset = store::reset_password(&fingerprint, &hash, time::now());
    let noted = |done: &[AccountRow]| {
        done.first().map(|it| Deed::own(Action::PasswordReset, it.id(), None))
    };
    let done = audit::carry_out(auth, client, reset, noted).await?.pop();
    auth.accounts.forget(done.ok_or(AuthError::BadResetToken)?.id());
    Ok(())
}
