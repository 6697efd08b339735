//! The audit log over HTTP, for administrators.

use actix_web::get;
use actix_web::web::{Data, Json as Answer};
use api::{AuthErrors, Authed, ErrorBody, InputErrors, OverloadErrors, Problem, Query};
use chrono::DateTime;
use ids::{AccountId, AuditId, SessionId};
use serde::Serialize;
use serde_json::Value;
use tracing::info;
use utoipa::ToSchema;
use values::{Fault, Field, Fields, FromFields, Integer, Location, time};

use crate::audit::{self, AuditRecord, Position};
use crate::{Admin, Auth};

/// Entries on a page by default.
const PAGE: i64 = 50;

/// Entries on a page, at most.
const PAGE_MAX: i64 = 500;

/// Read the audit log
///
/// What was done to accounts, the latest first. `next` of a page is `before` of the one after it.
#[utoipa::path(tag = "admin", security(("admin" = [])),
    params(
        ("account_id" = Option<AccountId>, Query, description = "Only what was done to this account"),
        ("limit" = Option<i64>, Query, description = "Entries at most, 1 to 500; 50 by default",
            minimum = 1, maximum = 500),
        ("before" = Option<String>, Query, description = "What the page before this one calls `next`"),
    ),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "A page of the log", body = AuditPage),
        (status = 403, description = "Not an active administrator", body = ErrorBody),
    ),
)]
#[get("/api/admin/audit-log")]
pub(crate) async fn read_audit_log(
    auth: Data<Auth>,
    Authed(Admin(admin), Query(asked)): Authed<Admin, Query<PageRequest>>,
) -> Result<Answer<AuditPage>, Problem> {
    let PageRequest { account, limit, before } = asked;
    info!(admin.id = %admin.id, "{} reads the audit log", admin.id);
    let entries =
        audit::page(&auth, account, before.map(|Cursor(position)| position), limit).await?;
    let is_full = i64::try_from(entries.len()).is_ok_and(|count| count == limit);
    let next = entries.last().filter(|_| is_full).map(|it| Cursor((it.at, it.id)).text());
    Ok(Answer(AuditPage { entries: entries.into_iter().map(EntryView::from).collect(), next }))
}

/// The entries to list.
pub(crate) struct PageRequest {
    account: Option<AccountId>,
    limit: i64,
    before: Option<Cursor>,
}

impl FromFields for PageRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let account = fields.field("account_id");
        let limit = fields.field_or("limit", Integer::<1, PAGE_MAX>(PAGE));
        let before = fields.field("before");
        Some(Self { account: account?, limit: limit?.0, before: before? })
    }
}

/// A position in the log, as text that is opaque to clients.
struct Cursor(Position);

impl Cursor {
    fn text(&self) -> String {
        let (at, id) = self.0;
        format!("{}.{id}", at.timestamp_micros())
    }

    fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        let at = DateTime::from_timestamp_micros(at.parse().ok()?)
            .filter(|it| time::is_storable(*it))?;
        Some(Self((at, id.parse::<AuditId>().ok()?)))
    }
}

impl Field for Cursor {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        let fault = || Fault::new("value_error", "Value error, not the `next` of a page");
        location.check(value, value.as_str().and_then(Self::parse).ok_or_else(fault))
    }
}

/// A page of the audit log.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// The entries, the latest first.
    entries: Vec<EntryView>,
    /// Where the next page begins, if there may be one.
    next: Option<String>,
}

/// Something that was done to an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntryView {
    id: AuditId,
    /// In UTC, without a zone.
    #[schema(example = "2026-11-22T21:49:05.007362")]
    at: String,
    /// What was done.
    #[schema(example = "logged_in")]
    action: String,
    /// Who did it, if that is known.
    actor_id: Option<AccountId>,
    /// To whom.
    account_id: Option<AccountId>,
    /// By or to which session.
    session_id: Option<SessionId>,
    /// The address that it came from: an IPv4 address or an IPv6 /64.
    #[schema(example = "203.0.113.9")]
    address: String,
    /// The program that it came from, as it calls itself.
    device: String,
}

impl From<AuditRecord> for EntryView {
    fn from(entry: AuditRecord) -> Self {
        Self {
            id: entry.id,
            at: time::naive(entry.at),
            action: entry.action,
            actor_id: entry.actor,
            account_id: entry.account,
            session_id: entry.session,
            address: entry.address,
            device: entry.device,
        }
    }
}
