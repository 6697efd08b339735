//! The audit log: what was done to accounts, by whom, when and from where.

use chrono::{DateTime, TimeDelta, Utc};
use database::{At, DatabaseError, Db, Execute, Fetch};
use ids::{AccountId, AuditId, SessionId};
use tracing::{error, info};
use values::time;

use crate::Auth;
use crate::client::Client;
use crate::error::AuthError;
use crate::store::audit::{self as table, EntryRow};

/// Something that is done to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Somebody logged in.
    LoggedIn,
    /// Somebody knew the address and not the password.
    LoginFailed,
    /// Somebody logged out.
    LoggedOut,
    /// A refresh token was shown that had been replaced: it was copied, so its session ended.
    RefreshReused,
    /// Its owner ended a session.
    SessionEnded,
    /// Its owner ended all sessions but one.
    OtherSessionsEnded,
    /// An administrator ended all sessions.
    SessionsEnded,
    /// The account had more sessions than it may, and this was used longest ago.
    SessionDisplaced,
    /// Somebody registered.
    Registered,
    /// Somebody chose another password.
    PasswordChanged,
    /// Somebody asked for a reset; there may be no account with the address.
    ResetRequested,
    /// Somebody reset the password.
    PasswordReset,
    /// An administrator created the account.
    Created,
    /// An administrator assigned another password.
    PasswordAssigned,
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
        }
    }
}

/// What is to be written down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deed {
    pub(crate) action: Action,
    /// Who did it, if that is known.
    pub(crate) actor: Option<AccountId>,
    /// To whom, if there is such an account.
    pub(crate) account: Option<AccountId>,
    pub(crate) session: Option<SessionId>,
}

impl Deed {
    /// Something that somebody does to their own account.
    pub(crate) fn own(action: Action, account: AccountId, session: Option<SessionId>) -> Self {
        Self { action, actor: Some(account), account: Some(account), session }
    }

    /// Something that is done to an account, nobody knows by whom.
    pub(crate) fn by_nobody(action: Action, account: Option<AccountId>) -> Self {
        Self { action, actor: None, account, session: None }
    }

    /// Says it in the log.
    pub(crate) fn log(self) {
        let user = self.account.map(tracing::field::display);
        info!(action = self.action.as_str(), user.id = user, "account_action");
    }

    /// The statement that writes it down.
    pub(crate) fn entry(self, client: &Client) -> impl Execute + use<> {
        table::write(EntryRow {
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

/// Makes a change and writes down what it did, both or neither. Of a change that `deed` sees nothing
/// in, nothing is written.
///
/// # Errors
/// When the database fails.
pub(crate) async fn carry_out<'q, U: Send + 'q>(
    auth: &Auth,
    client: &Client,
    change: impl Fetch<'q, U>,
    deed: impl Fn(&[U]) -> Option<Deed> + Send + Sync,
) -> Result<Vec<U>, DatabaseError> {
    let entry = |rows: &[U]| deed(rows).map(|it| it.entry(client));
    let rows = auth.db.write_and(change, entry).await?;
    if let Some(deed) = deed(&rows) {
        deed.log();
    }
    Ok(rows)
}

/// Writes down what changed nothing. When this fails the log has to do.
pub(crate) async fn note(auth: &Auth, client: &Client, deed: Deed) {
    deed.log();
    if let Err(error) = auth.db.write(deed.entry(client)).await {
        error!(error = %error, "the audit log could not be written: {error}");
    }
}

/// An entry, as administrators see it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: AuditId,
    pub(crate) at: DateTime<Utc>,
    pub(crate) action: String,
    pub(crate) actor: Option<AccountId>,
    pub(crate) account: Option<AccountId>,
    pub(crate) session: Option<SessionId>,
    pub(crate) address: String,
    pub(crate) device: String,
}

impl From<EntryRow> for Entry {
    fn from(row: EntryRow) -> Self {
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

/// The place of an entry in the log: when, and which.
pub(crate) type Place = (DateTime<Utc>, AuditId);

/// A page of the log, the latest entry first: what lies before `place`, of one account or of all.
///
/// # Errors
/// When the database fails.
pub(crate) async fn page(
    auth: &Auth,
    account: Option<AccountId>,
    place: Option<Place>,
    limit: i64,
) -> Result<Vec<Entry>, AuthError> {
    let tomorrow = || (time::now() + TimeDelta::days(1), AuditId::well_known(0));
    let (at, id) = place.unwrap_or_else(tomorrow);
    let rows = match account {
        Some(account) => auth.db.read_all(table::before_of(account, at.into(), id, limit)).await?,
        None => auth.db.read_all(table::before(at.into(), id, limit)).await?,
    };
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// Forgets what is older than `age`.
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
