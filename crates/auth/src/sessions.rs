//! Beginning sessions, listing them, ending them.

use chrono::{TimeDelta, Utc};
use database::{DatabaseError, Db};
use ids::{AccountId, SessionId};
use values::time;

use crate::Auth;
use crate::account::{Account, Credentials};
use crate::audit::{self, Action, Deed};
use crate::caller::SignedIn;
use crate::client::Client;
use crate::error::AuthError;
use crate::login::LoggedIn;
use crate::refresh_token::RefreshToken;
use crate::session::{Relation, Session, Step};
use crate::store::sessions::{self as table, SessionRow};

/// Begins a session for somebody whose password was right, and ends those that are too many.
///
/// The epoch is that of the password that was checked. Should another password have been set since,
/// the session is over before it begins.
pub(crate) async fn open(
    auth: &Auth,
    credentials: Credentials,
    client: &Client,
) -> Result<LoggedIn, AuthError> {
    let Credentials { account, epoch, .. } = credentials;
    let step = Step { session: SessionId::new(), generation: 1, at: time::now() };
    let refresh_token = auth.refresh_tokens.derive(step.session, step.generation);
    let row = row(auth, account.id, epoch, step, &refresh_token, client);
    let deed = Deed::own(Action::LoggedIn, account.id, Some(step.session));
    audit::carry_out(auth, client, table::open(&row), move |_| Some(deed)).await?;
    displace(auth, account.id, client).await?;
    let access_token = auth.tokens.issue(&account, step)?;
    let expires_in = (auth.tokens.end(step.at) - step.at).num_seconds();
    Ok(LoggedIn { access_token, expires_in, refresh_token, session: step.session, account })
}

/// Ends those sessions of an account beyond the number it may have that were used longest ago.
async fn displace(auth: &Auth, account: AccountId, client: &Client) -> Result<(), AuthError> {
    let most = auth.rules.sessions_per_account;
    for surplus in auth.db.read_all(table::surplus(account, most)).await? {
        end(auth, Deed::own(Action::SessionDisplaced, account, Some(surplus)), client).await?;
    }
    Ok(())
}

fn row(
    auth: &Auth,
    account_id: AccountId,
    epoch: i32,
    step: Step,
    token: &RefreshToken,
    client: &Client,
) -> SessionRow {
    SessionRow {
        id: step.session,
        account_id,
        epoch,
        generation: step.generation,
        token_hash: token.hash(),
        previous_hash: None,
        rotated_at: step.at.into(),
        device: client.device.clone(),
        network: client.address.network(),
        created_at: step.at.into(),
        idle_until: (step.at + TimeDelta::days(auth.rules.session_idle_days)).into(),
        ends_at: (step.at + TimeDelta::days(auth.rules.session_days)).into(),
        ended_at: None,
    }
}

/// The sessions of an account that last, the one used last before the others.
///
/// # Errors
/// When the database fails.
pub(crate) async fn list(auth: &Auth, account: AccountId) -> Result<Vec<Session>, AuthError> {
    let rows = auth.db.read_all(table::of_account(account, time::now())).await?;
    Ok(rows.iter().map(|row| row.session(row.epoch)).collect())
}

/// Ends one of the caller's sessions.
///
/// # Errors
/// When the caller has no such session.
pub(crate) async fn end_one(
    auth: &Auth,
    caller: &SignedIn,
    session: SessionId,
    client: &Client,
) -> Result<(), AuthError> {
    let deed = Deed::own(Action::SessionEnded, caller.account.id, Some(session));
    if end(auth, deed, client).await? { Ok(()) } else { Err(AuthError::NoSuchSession) }
}

/// Ends all sessions of the caller but the one that asks; gives their number.
///
/// # Errors
/// When the caller's token belongs to no session, or the database fails.
pub(crate) async fn end_others(
    auth: &Auth,
    caller: &SignedIn,
    client: &Client,
) -> Result<usize, AuthError> {
    let account = caller.account.id;
    let kept = caller.session.ok_or(AuthError::NoSuchSession)?;
    let deed = Deed::own(Action::OtherSessionsEnded, account, Some(kept));
    end_all_but(auth, Some(kept), account, deed, client).await
}

/// Ends all sessions of an account, as an administrator; gives their number.
///
/// # Errors
/// When there is no such account, or the database fails.
pub(crate) async fn end_all(
    auth: &Auth,
    admin: &Account,
    account: AccountId,
    client: &Client,
) -> Result<usize, AuthError> {
    auth.accounts.find(account).await?.ok_or(AuthError::NoSuchUser)?;
    let deed = Deed {
        action: Action::SessionsEnded,
        actor: Some(admin.id),
        account: Some(account),
        session: None,
    };
    end_all_but(auth, None, account, deed, client).await
}

async fn end_all_but(
    auth: &Auth,
    kept: Option<SessionId>,
    account: AccountId,
    deed: Deed,
    client: &Client,
) -> Result<usize, AuthError> {
    let change = table::end_all_but(kept, account, time::now());
    let ended = audit::carry_out(auth, client, change, move |_| Some(deed)).await?;
    auth.accounts.forget(account);
    Ok(ended.len())
}

/// Ends the session of a refresh token; an older token of it will do, too.
///
/// # Errors
/// When the token never belonged to a session.
pub(crate) async fn log_out_by_token(
    auth: &Auth,
    token: &str,
    client: &Client,
) -> Result<(), AuthError> {
    let token = RefreshToken::parse(token).ok_or(AuthError::BadRefreshToken)?;
    let found = auth.db.read_one(table::find(token.session)).await?;
    let (row, _) = found.ok_or(AuthError::BadRefreshToken)?;
    if relation(auth, &token, &row) == Relation::Foreign {
        return Err(AuthError::BadRefreshToken);
    }
    log_out(auth, row.account_id, row.id, client).await
}

/// Ends the session that asks.
///
/// # Errors
/// When the database fails.
pub(crate) async fn log_out(
    auth: &Auth,
    account: AccountId,
    session: SessionId,
    client: &Client,
) -> Result<(), AuthError> {
    end(auth, Deed::own(Action::LoggedOut, account, Some(session)), client).await?;
    Ok(())
}

/// What a token is to the session of this row.
pub(crate) fn relation(auth: &Auth, token: &RefreshToken, row: &SessionRow) -> Relation {
    let previous = row.previous_hash.as_deref();
    auth.refresh_tokens.relation(token, row.generation, &row.token_hash, previous)
}

/// Ends the session of this deed, if it has not ended; says whether it did.
pub(crate) async fn end(auth: &Auth, deed: Deed, client: &Client) -> Result<bool, AuthError> {
    let Deed { account: Some(account), session: Some(session), .. } = deed else {
        return Ok(false);
    };
    let change = table::end(account, session, time::now());
    let noted = move |ended: &[SessionId]| (!ended.is_empty()).then_some(deed);
    let ended = audit::carry_out(auth, client, change, noted).await?;
    auth.accounts.forget(account);
    Ok(!ended.is_empty())
}

/// How many sessions last.
///
/// # Errors
/// When the database fails.
pub async fn count(db: &Db) -> Result<i64, DatabaseError> {
    Ok(db.read_one(table::count(Utc::now())).await?.unwrap_or(0))
}

/// Forgets the sessions that ended by themselves.
///
/// # Errors
/// When the database fails.
pub async fn forget_old(db: &Db) -> Result<(), DatabaseError> {
    db.write(table::forget_old(Utc::now())).await?;
    Ok(())
}
