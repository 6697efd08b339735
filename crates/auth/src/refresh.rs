//! The next pair of tokens for a session.

use api::time;
use chrono::{DateTime, TimeDelta, Utc};
use tracing::warn;

use crate::account::{Account, Credentials};
use crate::audit::{self, Action, Deed};
use crate::client::Client;
use crate::error::AuthError;
use crate::refresh_token::RefreshToken;
use crate::session::{Step, Verdict};
use crate::store::sessions::{self as table, SessionRow};
use crate::{Auth, sessions};

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
/// One statement takes the session further, if the token is its current one. Only when it did not is
/// the session looked at, to tell a repetition from a token that was copied.
///
/// # Errors
/// When the token leads to no session that lasts, or the account is inactive.
pub async fn refresh(auth: &Auth, token: &str, client: &Client) -> Result<Refreshed, AuthError> {
    let shown = RefreshToken::parse(token).ok_or(AuthError::BadRefreshToken)?;
    let next = auth.refresh_tokens.derive(shown.session, shown.generation + 1);
    let now = time::now();
    let idle_until = now + TimeDelta::days(auth.rules.session_idle_days);
    match auth.db.write_one(table::rotate(&shown, &next, now, idle_until)).await? {
        Some(row) => {
            let account = auth.accounts.of_session(row.id).await?;
            let account = account.ok_or(AuthError::BadRefreshToken)?;
            give(auth, &account, row.session(row.epoch).step(), next, now)
        }
        None => explain(auth, &shown, client, now).await,
    }
}

/// What to do with a token that did not take its session further.
async fn explain(
    auth: &Auth,
    shown: &RefreshToken,
    client: &Client,
    now: DateTime<Utc>,
) -> Result<Refreshed, AuthError> {
    let found = auth.db.read_one(table::find(shown.session)).await?;
    let (row, account) = found.ok_or(AuthError::BadRefreshToken)?;
    let Credentials { account, epoch, .. } = account.into();
    let relation = sessions::relation(auth, shown, &row);
    match row.session(epoch).judge(relation, now) {
        Verdict::Repeat if account.is_active => repeat(auth, &account, &row, now),
        Verdict::Rotate | Verdict::Repeat if !account.is_active => Err(AuthError::Inactive),
        Verdict::End => {
            end(auth, &account, &row, client).await?;
            Err(AuthError::BadRefreshToken)
        }
        Verdict::Rotate | Verdict::Repeat | Verdict::Refuse => Err(AuthError::BadRefreshToken),
    }
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
    if sessions::end(auth, account.id, row.id).await? {
        warn!(session.id = %row.id, user.id = %account.id, "refresh_reuse");
        let deed =
            Deed { session: Some(row.id), ..Deed::by_nobody(Action::RefreshReused, account.id) };
        audit::note(auth, client, deed).await;
    }
    Ok(())
}
