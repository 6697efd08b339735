//! The audit log: changes of accounts, with actor, time and origin.

use chrono::{DateTime, TimeDelta, Utc};
use database::{At, DatabaseError, Db, Execute, Fetch};
use ids::{AccountId, AuditId, SessionId};
use tracing::{error, info};
use values::time;

use crate::client::Client;
use crate::context::Auth;
use crate::error::AuthError;
use crate::store::audit::{self as table, AuditRow};

/// An audited action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A log-in.
    LoggedIn,
    /// A log-in with a known address and a wrong password.
    LoginFailed,
    /// A log-out.
    LoggedOut,
    /// Reuse of a replaced refresh token: it was copied, so its session ended.
    RefreshReused,
    /// The owner ended a session.
    SessionEnded,
    /// The owner ended all sessions but the current one.
    OtherSessionsEnded,
    /// An administrator ended all sessions of an account.
    SessionsEnded,
    /// The least recently used session ended because the account had too many.
    SessionDisplaced,
    /// A registration.
    Registered,
    /// The owner changed the password.
    PasswordChanged,
    /// A reset was requested; there may be no account with the address.
    ResetRequested,
    /// The owner reset the password by a token.
    PasswordReset,
    /// An administrator created the account.
    Created,
    /// An administrator assigned another password.
    PasswordAssigned,
    /// An administrator gave the account another name.
    Renamed,
    /// An administrator gave the account other roles.
    RolesChanged,
    /// An administrator deactivated the account, which ended its sessions.
    Deactivated,
    /// An administrator activated the account again.
    Activated,
    /// An administrator deletes all rooms.
    RoomsCleared,
    /// An administrator deletes all visitors.
    VisitorsCleared,
    /// An administrator deletes all gameplay states.
    StatesCleared,
    /// An administrator deletes all gameplay states that could be restored.
    DeletedStatesCleared,
}

impl Action {
    /// The name in the table and in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LoggedIn => "logged_in",
            Self::LoginFailed => "login_failed",
            Self::LoggedOut => "logged_out",
            Self::RefreshReused => "refresh_reused",
            Self::SessionEnded => "session_ended",
            Self::OtherSessionsEnded => "other_sessions_ended",
            Self::SessionsEnded => "sessions_ended",
            Self::SessionDisplaced => "session_displaced",
            Self::Registered => "registered",
            Self::PasswordChanged => "password_changed",
            Self::ResetRequested => "reset_requested",
            Self::PasswordReset => "password_reset",
            Self::Created => "created",
            Self::PasswordAssigned => "password_assigned",
            Self::Renamed => "renamed",
            Self::RolesChanged => "roles_changed",
            Self::Deactivated => "deactivated",
            Self::Activated => "activated",
            Self::RoomsCleared => "rooms_cleared",
            Self::VisitorsCleared => "visitors_cleared",
            Self::StatesCleared => "gameplay_states_cleared",
            Self::DeletedStatesCleared => "deleted_gameplay_states_cleared",
        }
    }
}

/// An entry to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuditEntry {
    pub(crate) action: Action,
    /// The account that acted, if known.
    pub(crate) actor: Option<AccountId>,
    /// The account that was acted on, if there is one.
    pub(crate) account: Option<AccountId>,
    pub(crate) session: Option<SessionId>,
}

impl AuditEntry {
    /// An action of an owner on the own account.
    pub(crate) fn own(action: Action, account: AccountId, session: Option<SessionId>) -> Self {
        Self { action, actor: Some(account), account: Some(account), session }
    }

    /// An action by an unauthenticated client.
    pub(crate) fn anonymous(action: Action, account: Option<AccountId>) -> Self {
        Self { action, actor: None, account, session: None }
    }

    /// Writes it to the log.
    pub(crate) fn log(self) {
        let user = self.account.map(tracing::field::display);
        info!(action = self.action.as_str(), user.id = user, "account_action");
    }

    /// The statement that inserts it.
    pub(crate) fn insert(self, client: &Client) -> impl Execute + use<> {
        table::insert(AuditRow {
            id: AuditId::new(),
            at: time::now().into(),
            action: self.action.as_str().to_owned(),
            actor_id: self.actor,
            account_id: self.account,
            session_id: self.session,
            address: client.address.to_string(),
            device: client.device.clone(),
        })
    }
}

/// Makes a change and inserts its audit entry in one transaction. Nothing is inserted when `entry` gives
/// none for the changed rows.
///
/// # Errors
/// When the database fails.
pub(crate) async fn change_and_record<'q, U: Send + 'q>(
    auth: &Auth,
    client: &Client,
    change: impl Fetch<'q, U>,
    entry: impl Fn(&[U]) -> Option<AuditEntry> + Send + Sync,
) -> Result<Vec<U>, DatabaseError> {
    let insert = |rows: &[U]| entry(rows).map(|it| it.insert(client));
    let rows = auth.db.write_and(change, insert).await?;
    if let Some(entry) = entry(&rows) {
        entry.log();
    }
    Ok(rows)
}

/// Records an action that changed nothing. On failure the log line remains.
pub(crate) async fn record(auth: &Auth, client: &Client, entry: AuditEntry) {
    entry.log();
    if let Err(error) = auth.db.write(entry.insert(client)).await {
        error!(error = %error, "the audit log could not be written: {error}");
    }
}

/// Records an action of an administrator that concerns no account, before it begins.
///
/// # Errors
/// When it cannot be recorded; then the action must not begin.
pub async fn record_first(
    auth: &Auth,
    client: &Client,
    action: Action,
    admin: AccountId,
) -> Result<(), AuthError> {
    let entry = AuditEntry { action, actor: Some(admin), account: None, session: None };
    auth.db.write(entry.insert(client)).await?;
    entry.log();
    Ok(())
}

/// An entry of the log, as administrators read it.
#[derive(Clone, Debug)]
pub(crate) struct AuditRecord {
    pub(crate) id: AuditId,
    pub(crate) at: DateTime<Utc>,
    pub(crate) action: String,
    pub(crate) actor: Option<AccountId>,
    pub(crate) account: Option<AccountId>,
    pub(crate) session: Option<SessionId>,
    pub(crate) address: String,
    pub(crate) device: String,
}

impl From<AuditRow> for AuditRecord {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            at: row.at.utc(),
            action: row.action,
            actor: row.actor_id,
            account: row.account_id,
            session: row.session_id,
            address: row.address,
            device: row.device,
        }
    }
}

/// The position of an entry in the log: its time and id.
pub(crate) type Position = (DateTime<Utc>, AuditId);

/// A page of the log before `position`, latest first, of one account or of all; the first page when
/// there is no position.
///
/// # Errors
/// When the database fails.
pub(crate) async fn page(
    auth: &Auth,
    account: Option<AccountId>,
    position: Option<Position>,
    limit: i64,
) -> Result<Vec<AuditRecord>, AuthError> {
    // Entries of an instance whose clock is ahead are on the first page as well.
    let start = || (time::now() + TimeDelta::days(1), AuditId::from_u128(0));
    let position = position.unwrap_or_else(start);
    let rows = match account {
        Some(account) => auth.db.read_all(table::page_of(account, position, limit)).await?,
        None => auth.db.read_all(table::page(position, limit)).await?,
    };
    Ok(rows.into_iter().map(AuditRecord::from).collect())
}

/// Deletes the entries older than `age`.
///
/// # Errors
/// When the database fails.
pub async fn forget_old(db: &Db, age: TimeDelta) -> Result<(), DatabaseError> {
    let then = At::from(Utc::now()).utc().checked_sub_signed(age);
    if let Some(then) = then {
        db.write(table::forget_old(then)).await?;
    }
    Ok(())
}
