//! The next pair of tokens for a session.

use chrono::{DateTime, TimeDelta, Utc};
use database::DatabaseError;
use tracing::warn;
use values::time;

use crate::account::{Account, Credentials};
use crate::audit::{Action, Deed};
use crate::client::Client;
use crate::error::AuthError;
use crate::refresh_token::RefreshToken;
use crate::session::{Step, Verdict};
use crate::store::sessions::{self as table, SessionRow};
use crate::{Auth, sessions};

/// How often a session is looked at. Whoever was too late once repeats the next time.
const ATTEMPTS: usize = 3;

/// A pair of tokens.
pub struct Refreshed {
    /// Names the account in later requests.
    pub access_token: String,
    /// Seconds that the access token still lives.
    pub expires_in: i64,
    /// Gets the pair after this one.
    pub refresh_token: RefreshToken,
}

/// Gives the next pair for a refresh token.
///
/// The session is looked at first, so that what nobody was given writes nothing. What takes it further
/// is one conditional statement: when somebody was faster with the same token, the session is looked
/// at again, and gives what it gave then.
///
/// # Errors
/// When the token leads to no session that lasts, or the account is inactive.
pub async fn refresh(auth: &Auth, token: &str, client: &Client) -> Result<Refreshed, AuthError> {
    let shown = RefreshToken::parse(token).ok_or(AuthError::BadRefreshToken)?;
    for _ in 0..ATTEMPTS {
        if let Some(refreshed) = attempt(auth, &shown, client).await? {
            return Ok(refreshed);
        }
    }
    Err(DatabaseError::Contended.into())
}

/// The next pair, or none when the session has changed since it was looked at.
async fn attempt(
    auth: &Auth,
    shown: &RefreshToken,
    client: &Client,
) -> Result<Option<Refreshed>, AuthError> {
    let found = auth.db.read_one(table::find(shown.session)).await?;
    let (row, account) = found.ok_or(AuthError::BadRefreshToken)?;
    let Credentials { account, epoch, .. } = account.into();
    let (relation, now) = (sessions::relation(auth, shown, &row), time::now());
    match row.session(epoch).judge(relation, now) {
        Verdict::Refuse => Err(AuthError::BadRefreshToken),
        Verdict::End => {
            end(auth, &account, &row, client).await?;
            Err(AuthError::BadRefreshToken)
        }
        Verdict::Rotate | Verdict::Repeat if !account.is_active => Err(AuthError::Inactive),
        Verdict::Repeat => repeat(auth, &account, &row, now).map(Some),
        Verdict::Rotate => rotate(auth, &account, shown, now).await,
    }
}

async fn rotate(
    auth: &Auth,
    account: &Account,
    shown: &RefreshToken,
    now: DateTime<Utc>,
) -> Result<Option<Refreshed>, AuthError> {
    let next = auth.refresh_tokens.derive(shown.session, shown.generation + 1);
    let idle_until = now + TimeDelta::days(auth.rules.session_idle_days);
    let row = auth.db.write_one(table::rotate(shown, &next, now, idle_until)).await?;
    row.map(|row| give(auth, account, row.session(row.epoch).step(), next, now)).transpose()
}

fn repeat(
    auth: &Auth,
    account: &Account,
    row: &SessionRow,
    now: DateTime<Utc>,
) -> Result<Refreshed, AuthError> {
    let again = auth.refresh_tokens.again(row.id, row.generation, &row.token_hash);
    let again = again.ok_or(AuthError::BadRefreshToken)?;
    give(auth, account, row.session(row.epoch).step(), again, now)
}

fn give(
    auth: &Auth,
    account: &Account,
    step: Step,
    refresh_token: RefreshToken,
    now: DateTime<Utc>,
) -> Result<Refreshed, AuthError> {
    let access_token = auth.tokens.issue(account, step)?;
    let expires_in = (auth.tokens.end(step.at) - now).num_seconds();
    Ok(Refreshed { access_token, expires_in, refresh_token })
}

/// Ends a session of which somebody has a copy of a token.
async fn end(
    auth: &Auth,
    account: &Account,
    row: &SessionRow,
    client: &Client,
) -> Result<(), AuthError> {
    let deed = Deed::by_nobody(Action::RefreshReused, Some(account.id));
    if sessions::end(auth, Deed { session: Some(row.id), ..deed }, client).await? {
        warn!(session.id = %row.id, user.id = %account.id, "refresh_reuse");
    }
    Ok(())
}
