//! Reset of a forgotten password.
//!
//! An account has [`PENDING_MAX`] slots for tokens. A request takes a free slot; when all hold valid tokens,
//! nothing is sent. So a stranger can neither replace the token in a mail nor fill a mailbox. Any new
//! password ends all tokens, because it begins another epoch.

use chrono::{DateTime, TimeDelta, Utc};
use database::{DatabaseError, Db};
use tracing::{error, info, warn};
use values::{Email, time};

use crate::accounts::{Account, Credentials};
use crate::audit::{self, Action, AuditEntry};
use crate::client::Client;
use crate::context::Auth;
use crate::error::AuthError;
use crate::passwords::NewPassword;
use crate::store::resets::{self as table, ResetRow};
use crate::store::{self, AccountRow};
use crate::tokens::MailToken;

/// Valid tokens of one account, at most; so many mails leave in `auth.reset_token_minutes`.
const PENDING_MAX: i32 = 3;

/// Expired tokens that one statement deletes, at most.
const DELETED_AT_ONCE: i64 = 1_000;

/// The outcome of a request, for the profile whose answers show it.
pub(crate) enum Requested {
    /// A token was given and mailed.
    Token(MailToken),
    /// The account has as many valid tokens as it may.
    TooMany,
    /// Too many mails wait to be sent.
    MailQueueFull,
    /// There is no account with the address.
    Unknown,
    /// The token is created and mailed in the background.
    Mailed,
}

/// Requests a reset; a token is mailed if the address has an account.
///
/// A known address takes no longer than an unknown one: either way one read and one write are done, and the
/// token is created in the background, except where the answer shows it.
///
/// # Errors
/// When the database fails.
pub(crate) async fn request(
    auth: &Auth,
    email: &Email,
    client: &Client,
) -> Result<Requested, AuthError> {
    let known = auth.db.read_one(store::by_email(email)).await?.map(Credentials::from);
    let account = known.as_ref().map(|it| it.account.id);
    let entry = AuditEntry::anonymous(Action::ResetRequested, account);
    entry.log();
    auth.db.write(entry.insert(client)).await?;
    match known {
        Some(known) if auth.rules.reset_token_in_answer => send(auth, &known).await,
        None if auth.rules.reset_token_in_answer => Ok(Requested::Unknown),
        None => Ok(Requested::Mailed),
        Some(known) => {
            tokio::spawn(send_in_background(auth.clone(), known));
            Ok(Requested::Mailed)
        }
    }
}

async fn send_in_background(auth: Auth, known: Credentials) {
    let account = known.account.id;
    match send(&auth, &known).await {
        Ok(Requested::TooMany) => {
            info!(user.id = %account, "too many resets of {account} are pending");
        }
        Ok(_) => {}
        Err(error) => warn!(user.id = %account, "no reset was mailed to {account}: {error}"),
    }
}

/// Creates a token in a free slot and mails it. The place in the mail queue is reserved first, because a
/// token that is not mailed would take its slot in vain.
async fn send(auth: &Auth, known: &Credentials) -> Result<Requested, AuthError> {
    let Credentials { account: Account { id, .. }, epoch, .. } = known;
    let Some(place) = auth.mailer.reserve() else {
        error!(user.id = %id, "no reset was mailed to {id}: too many mails wait");
        return Ok(Requested::MailQueueFull);
    };
    let (token, now, minutes) = (MailToken::new(), time::now(), auth.rules.reset_token_minutes);
    for slot in 0..PENDING_MAX {
        let row = ResetRow {
            account_id: *id,
            slot,
            token_hash: token.hash(),
            epoch: *epoch,
            expires_at: (now + TimeDelta::minutes(minutes.into())).into(),
        };
        if take(auth, &row, now).await? {
            place.send_reset(&known.account, &token, minutes);
            return Ok(Requested::Token(token));
        }
    }
    Ok(Requested::TooMany)
}

/// Stores a token in its slot, unless the slot holds a valid one. Either statement is conditional, so of
/// concurrent requests one takes the slot.
async fn take(auth: &Auth, row: &ResetRow, now: DateTime<Utc>) -> Result<bool, AuthError> {
    if auth.db.write_one(table::insert(row)).await?.is_some() {
        return Ok(true);
    }
    Ok(auth.db.write_one(table::replace(row, now)).await?.is_some())
}

/// Deletes the expired tokens.
///
/// # Errors
/// When the database fails; what was deleted until then stays deleted.
pub async fn delete_expired(db: &Db) -> Result<(), DatabaseError> {
    let now = time::now();
    while db.write(table::delete_expired(now, DELETED_AT_ONCE)).await? > 0 {}
    Ok(())
}

/// Sets a new password by a token. All sessions and all other tokens end.
///
/// # Errors
/// When the token is unknown, used or expired, or the password breaks the rules, which leaves the token
/// valid.
pub(crate) async fn reset(
    auth: &Auth,
    token: &str,
    new: NewPassword,
    client: &Client,
) -> Result<(), AuthError> {
    let found = auth.db.read_one(table::find(&MailToken::hash_of(token), time::now())).await?;
    let (account, epoch) = found.ok_or(AuthError::BadResetToken)?;
    let (new, cost) = (new.check()?, auth.rules.bcrypt_cost);
    let hash = auth.hashing.run(move || new.hash(cost)).await??;
    let reset = table::reset_password(account, epoch, &hash);
    let entry = |done: &[AccountRow]| {
        done.first().map(|it| AuditEntry::own(Action::PasswordReset, it.id(), None))
    };
    let done = audit::change_and_record(auth, client, reset, entry).await?;
    if done.is_empty() {
        return Err(AuthError::BadResetToken);
    }
    auth.accounts.invalidate(account);
    Ok(())
}
