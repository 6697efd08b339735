//! Exchange of a refresh token for the next pair of tokens.

use chrono::{DateTime, TimeDelta, Utc};
use database::DatabaseError;
use tracing::warn;
use values::time;

use crate::accounts::{Account, Credentials};
use crate::audit::{Action, AuditEntry};
use crate::client::Client;
use crate::context::Auth;
use crate::error::AuthError;
use crate::sessions::{Decision, TokenPair, lifecycle};
use crate::store::sessions::{self as table, SessionRow};
use crate::tokens::RefreshToken;

/// Attempts of one request. After a concurrent request rotated the session, the next attempt repeats its
/// answer.
const ATTEMPTS: usize = 3;

/// Exchanges a refresh token for the next pair of tokens.
///
/// The session is read first, so that an unknown token writes nothing. The rotation is one conditional
/// statement. When a concurrent request with the same token rotated first, the session is read again and
/// the same pair is given.
///
/// # Errors
/// When the token belongs to no active session, or the account is inactive.
pub(crate) async fn exchange(
    auth: &Auth,
    token: &str,
    client: &Client,
) -> Result<TokenPair, AuthError> {
    let shown = RefreshToken::parse(token).ok_or(AuthError::BadRefreshToken)?;
    for _ in 0..ATTEMPTS {
        if let Some(pair) = attempt(auth, &shown, client).await? {
            return Ok(pair);
        }
    }
    Err(DatabaseError::Contended.into())
}

/// The next pair, or none when the session changed after it was read.
async fn attempt(
    auth: &Auth,
    shown: &RefreshToken,
    client: &Client,
) -> Result<Option<TokenPair>, AuthError> {
    let found = auth.db.read_one(table::find(shown.session)).await?;
    let (row, account) = found.ok_or(AuthError::BadRefreshToken)?;
    let Credentials { account, epoch, .. } = account.into();
    let (relation, now) = (row.relation_of(shown, &auth.refresh_tokens), time::now());
    match row.session(epoch).decide(relation, now) {
        Decision::Refuse => Err(AuthError::BadRefreshToken),
        Decision::End => {
            end(auth, &account, &row, client).await?;
            Err(AuthError::BadRefreshToken)
        }
        Decision::Rotate | Decision::Repeat if !account.is_active => Err(AuthError::Inactive),
        Decision::Repeat => repeat(auth, &account, &row, now).map(Some),
        Decision::Rotate => rotate(auth, &account, shown, now).await,
    }
}

async fn rotate(
    auth: &Auth,
    account: &Account,
    shown: &RefreshToken,
    now: DateTime<Utc>,
) -> Result<Option<TokenPair>, AuthError> {
    let next = auth.refresh_tokens.derive(shown.session, shown.generation + 1);
    let idle_until = now + TimeDelta::days(auth.rules.session_idle_days);
    let row = auth.db.write_one(table::rotate(shown, &next, now, idle_until)).await?;
    row.map(|row| TokenPair::issue(auth, account, row.generation(), next, now)).transpose()
}

fn repeat(
    auth: &Auth,
    account: &Account,
    row: &SessionRow,
    now: DateTime<Utc>,
) -> Result<TokenPair, AuthError> {
    let again = auth.refresh_tokens.again(row.id, row.generation, &row.token_hash);
    let again = again.ok_or(AuthError::BadRefreshToken)?;
    TokenPair::issue(auth, account, row.generation(), again, now)
}

/// Ends a session after a refresh token of it was reused, which means that it was copied.
async fn end(
    auth: &Auth,
    account: &Account,
    row: &SessionRow,
    client: &Client,
) -> Result<(), AuthError> {
    let entry = AuditEntry::anonymous(Action::RefreshReused, Some(account.id));
    if lifecycle::end(auth, AuditEntry { session: Some(row.id), ..entry }, client).await? {
        warn!(session.id = %row.id, user.id = %account.id, "refresh_reuse");
    }
    Ok(())
}
