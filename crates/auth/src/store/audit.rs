//! Queries on the audit log.

use chrono::{DateTime, Utc};
use database::schema::audit_log;
use database::{At, Execute, Fetch, columns};
use diesel::prelude::*;
use ids::{AccountId, AuditId, SessionId};

/// A row of `audit_log`.
#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = audit_log)]
pub(crate) struct AuditRow {
    pub(crate) id: AuditId,
    pub(crate) at: At,
    pub(crate) action: String,
    pub(crate) actor_id: Option<AccountId>,
    pub(crate) account_id: Option<AccountId>,
    pub(crate) session_id: Option<SessionId>,
    pub(crate) address: String,
    pub(crate) device: String,
}

/// Inserts an entry.
pub(crate) fn insert(row: AuditRow) -> impl Execute {
    diesel::insert_into(audit_log::table).values(row)
}

/// The latest entries before this position.
pub(crate) fn page(
    (at, id): (DateTime<Utc>, AuditId),
    limit: i64,
) -> impl Fetch<'static, AuditRow> {
    let at = At::from(at);
    let is_before = audit_log::at.lt(at).or(audit_log::at.eq(at).and(audit_log::id.lt(id)));
    audit_log::table
        .filter(audit_log::at.le(at))
        .filter(is_before)
        .order((audit_log::at.desc(), audit_log::id.desc()))
        .limit(limit)
        .select(columns::<AuditRow>())
}

/// The same, of one account.
pub(crate) fn page_of(
    account: AccountId,
    (at, id): (DateTime<Utc>, AuditId),
    limit: i64,
) -> impl Fetch<'static, AuditRow> {
    let at = At::from(at);
    let is_before = audit_log::at.lt(at).or(audit_log::at.eq(at).and(audit_log::id.lt(id)));
    audit_log::table
        .filter(audit_log::account_id.eq(account))
        .filter(audit_log::at.le(at))
        .filter(is_before)
        .order((audit_log::at.desc(), audit_log::id.desc()))
        .limit(limit)
        .select(columns::<AuditRow>())
}

/// Deletes the entries from before `then`.
pub(crate) fn forget_old(then: DateTime<Utc>) -> impl Execute {
    diesel::delete(audit_log::table).filter(audit_log::at.lt(At::from(then)))
}
