//! Resetting a forgotten password.
//!
//! The token is 256 random bits; only its SHA-256 is kept, in the account itself. So a newer
//! token replaces an older one, and using it is one conditional update.

use chrono::TimeDelta;
use values::{Email, time};

use crate::accounts::Account;
use crate::audit::{self, Action, AuditEntry};
use crate::client::Client;
use crate::context::Auth;
use crate::error::AuthError;
use crate::passwords::NewPassword;
use crate::store;
use crate::store::AccountRow;
use crate::tokens::ResetToken;

/// Allows a reset and mails the token, where somebody has this address.
///
/// Gives the token, for the profile that may answer with it. A known address takes no longer than an
/// unknown one: either way one transaction writes the request down, and the mail leaves later.
///
/// # Errors
/// When the database fails.
pub(crate) async fn request(
    auth: &Auth,
    email: &Email,
    client: &Client,
) -> Result<Option<ResetToken>, AuthError> {
    let token = ResetToken::new();
    let until = time::now() + TimeDelta::minutes(auth.rules.reset_token_minutes.into());
    let allowed = store::allow_reset(email, token.hash(), until);
    let noted = |found: &[AccountRow]| {
        let account = found.first().map(AccountRow::id);
        Some(AuditEntry::anonymous(Action::ResetRequested, account))
    };
    let account =
        audit::change_and_record(auth, client, allowed, noted).await?.pop().map(Account::from);
    Ok(account.map(|account| {
        auth.mailer.send_reset(&account, &token, auth.rules.reset_token_minutes);
        token
    }))
}

/// Sets a new password by a token, which is used up. All sessions end.
///
/// # Errors
/// When the token is unknown, used, replaced or over, or the password unfit (which uses nothing).
pub(crate) async fn reset(
    auth: &Auth,
    token: &str,
    new: NewPassword,
    client: &Client,
) -> Result<(), AuthError> {
    let hash_of_token = ResetToken::hash_of(token);
    let allowed = auth.db.read_one(store::resettable(&hash_of_token, time::now())).await?;
    allowed.ok_or(AuthError::BadResetToken)?;
    let (new, cost) = (new.check()?, auth.rules.bcrypt_cost);
    let hash = auth.hashing.run(move || new.hash(cost)).await??;
    let reset = store::reset_password(&hash_of_token, &hash, time::now());
    let noted = |done: &[AccountRow]| {
        done.first().map(|it| AuditEntry::own(Action::PasswordReset, it.id(), None))
    };
    let done = audit::change_and_record(auth, client, reset, noted).await?.pop();
    auth.accounts.invalidate(done.ok_or(AuthError::BadResetToken)?.id());
    Ok(())
}
