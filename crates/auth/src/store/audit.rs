//! Every query on the audit log.

use chrono::{DateTime, Utc};
use database::schema::audit_log;
use database::{At, Execute, Fetch};
use diesel::prelude::*;
use ids::{AccountId, AuditId, SessionId};

/// A row of `audit_log`.
#[derive(Clone, Debug, Insertable, Queryable)]
#[diesel(table_name = audit_log)]
pub(crate) struct EntryRow {
    pub(crate) id: AuditId,
    pub(crate) at: At,
    pub(crate) action: String,
    pub(crate) actor_id: Option<AccountId>,
    pub(crate) account_id: Option<AccountId>,
    pub(crate) session_id: Option<SessionId>,
    pub(crate) address: String,
    pub(crate) device: String,
}

/// Writes an entry down.
pub(crate) fn write(row: EntryRow) -> impl Execute {
    diesel::insert_into(audit_log::table).values(row)
}

/// Entries before this one, the latest first.
pub(crate) fn before(at: At, id: AuditId, limit: i64) -> impl Fetch<'static, EntryRow> {
    let is_before = audit_log::at.lt(at).or(audit_log::at.eq(at).and(audit_log::id.lt(id)));
    audit_log::table
        .filter(audit_log::at.le(at))
        .filter(is_before)
        .order((audit_log::at.desc(), audit_log::id.desc()))
        .limit(limit)
}

/// The same, of one account.
pub(crate) fn before_of(
    account: AccountId,
    at: At,
    id: AuditId,
    limit: i64,
) -> impl Fetch<'static, EntryRow> {
    let is_before = audit_log::at.lt(at).or(audit_log::at.eq(at).and(audit_log::id.lt(id)));
    audit_log::table
        .filter(audit_log::account_id.eq(account))
        .filter(audit_log::at.le(at))
        .filter(is_before)
        .order((audit_log::at.desc(), audit_log::id.desc()))
        .limit(limit)
}

/// Forgets the entries from before `then`.
pub(crate) fn forget_old(then: DateTime<Utc>) -> impl Execute {
    diesel::delete(audit_log::table).filter(audit_log::at.lt(At::from(then)))
}
