//! Opening, listing and ending of sessions.

use chrono::{TimeDelta, Utc};
use database::{DatabaseError, Db};
use ids::{AccountId, SessionId};
use values::time;

use crate::accounts::{Account, Credentials};
use crate::audit::{self, Action, AuditEntry};
use crate::caller::SignedIn;
use crate::client::Client;
use crate::context::Auth;
use crate::error::AuthError;
use crate::sessions::{Generation, Relation, Session, TokenPair};
use crate::store::sessions::{self as table, SessionRow};
use crate::tokens::RefreshToken;

/// Opens a session after the password was verified, and ends sessions beyond the limit of the account.
///
/// The epoch is that of the verified password. If the password was changed since, the new session is
/// already over.
pub(crate) async fn open(
    auth: &Auth,
    credentials: Credentials,
    client: &Client,
) -> Result<(Account, TokenPair), AuthError> {
    let Credentials { account, epoch, .. } = credentials;
    let now = time::now();
    let generation = Generation { session: SessionId::new(), number: 1, began_at: now };
    let refresh_token = auth.refresh_tokens.derive(generation.session, generation.number);
    let row = row(auth, account.id, epoch, generation, &refresh_token, client);
    let entry = AuditEntry::own(Action::LoggedIn, account.id, Some(generation.session));
    audit::change_and_record(auth, client, table::open(&row), move |_| Some(entry)).await?;
    end_surplus(auth, account.id, client).await?;
    let pair = TokenPair::issue(auth, &account, generation, refresh_token, now)?;
    Ok((account, pair))
}

/// Ends the least recently used sessions of an account beyond the number that it may have, and deletes the
/// ended ones beyond the number that it keeps.
async fn end_surplus(auth: &Auth, account: AccountId, client: &Client) -> Result<(), AuthError> {
    let most = auth.rules.sessions_per_account;
    for surplus in auth.db.read_all(table::surplus(account, most)).await? {
        let entry = AuditEntry::own(Action::SessionDisplaced, account, Some(surplus));
        end(auth, entry, client).await?;
    }
    let ended = table::surplus_ended(account, auth.rules.ended_sessions_per_account);
    let ended = auth.db.read_all(ended).await?;
    if !ended.is_empty() {
        auth.db.write(table::delete(ended)).await?;
    }
    Ok(())
}

fn row(
    auth: &Auth,
    account_id: AccountId,
    epoch: i32,
    generation: Generation,
    token: &RefreshToken,
    client: &Client,
) -> SessionRow {
    let Generation { session, number, began_at } = generation;
    SessionRow {
        id: session,
        account_id,
        epoch,
        generation: number,
        token_hash: token.hash(),
        previous_hash: None,
        rotated_at: began_at.into(),
        device: client.device.clone(),
        network: client.address.network(),
        created_at: began_at.into(),
        idle_until: (began_at + TimeDelta::days(auth.rules.session_idle_days)).into(),
        ends_at: (began_at + TimeDelta::days(auth.rules.session_days)).into(),
        ended_at: None,
    }
}

/// The active sessions of an account, the most recently used first.
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
    let entry = AuditEntry::own(Action::SessionEnded, caller.account.id, Some(session));
    if end(auth, entry, client).await? { Ok(()) } else { Err(AuthError::NoSuchSession) }
}

/// Ends all sessions of the caller except the current one; returns their number.
///
/// # Errors
/// When the caller's token belongs to no session, or the database fails.
pub(crate) async fn end_others(
    auth: &Auth,
    caller: &SignedIn,
    client: &Client,
) -> Result<usize, AuthError> {
    let account = caller.account.id;
    let current = caller.session.ok_or(AuthError::NoSuchSession)?;
    let entry = AuditEntry::own(Action::OtherSessionsEnded, account, Some(current));
    end_all_except(auth, Some(current), account, entry, client).await
}

/// Ends all sessions of an account, for an administrator; returns their number.
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
    let entry = AuditEntry {
        action: Action::SessionsEnded,
        actor: Some(admin.id),
        account: Some(account),
        session: None,
    };
    end_all_except(auth, None, account, entry, client).await
}

async fn end_all_except(
    auth: &Auth,
    kept: Option<SessionId>,
    account: AccountId,
    entry: AuditEntry,
    client: &Client,
) -> Result<usize, AuthError> {
    let change = table::end_all_except(kept, account, time::now());
    let ended = audit::change_and_record(auth, client, change, move |_| Some(entry)).await?;
    auth.accounts.invalidate(account);
    Ok(ended.len())
}

/// Ends the session of a refresh token, current or older.
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
    if row.relation_of(&token, &auth.refresh_tokens) == Relation::Foreign {
        return Err(AuthError::BadRefreshToken);
    }
    log_out(auth, row.account_id, row.id, client).await
}

/// Ends the current session.
///
/// # Errors
/// When the database fails.
pub(crate) async fn log_out(
    auth: &Auth,
    account: AccountId,
    session: SessionId,
    client: &Client,
) -> Result<(), AuthError> {
    end(auth, AuditEntry::own(Action::LoggedOut, account, Some(session)), client).await?;
    Ok(())
}

/// Ends the session that the entry names, unless it has ended; returns whether it was active.
pub(crate) async fn end(
    auth: &Auth,
    entry: AuditEntry,
    client: &Client,
) -> Result<bool, AuthError> {
    let AuditEntry { account: Some(account), session: Some(session), .. } = entry else {
        return Ok(false);
    };
    let change = table::end(account, session, time::now());
    let noted = move |ended: &[SessionId]| (!ended.is_empty()).then_some(entry);
    let ended = audit::change_and_record(auth, client, change, noted).await?;
    auth.accounts.invalidate(account);
    Ok(!ended.is_empty())
}

/// The number of active sessions.
///
/// # Errors
/// When the database fails.
pub async fn count(db: &Db) -> Result<i64, DatabaseError> {
    Ok(db.read_one(table::count(Utc::now())).await?.unwrap_or(0))
}

/// Deletes the sessions that expired, and those that ended longer ago than `kept`.
///
/// # Errors
/// When the database fails.
pub async fn forget_old(db: &Db, kept: TimeDelta) -> Result<(), DatabaseError> {
    let now = Utc::now();
    db.write(table::forget_old(now, now - kept)).await?;
    Ok(())
}
