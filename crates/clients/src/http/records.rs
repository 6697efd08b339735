//! Records of consultations over HTTP.

use actix_web::web::{Data, Json as Answer};
use actix_web::{get, post};
use api::{
    AuthErrors, Authed, BodyErrors, BodyLimits, ErrorBody, InputErrors, Json, OverloadErrors, Path,
    Problem, Query,
};
use auth::Caller;
use database::Db;
use ids::ClientId;
use utoipa::IntoParams;
use values::{Fields, FromFields, Integer};

use super::record_bodies::{RecordRequest, RecordView};
use crate::bounds::ClientBounds;
use crate::error::ClientError;
use crate::records;

// The parts of requests have names because utoipa takes a `Path` inside a tuple for a parameter.
/// A client, and a record to add.
type AddParts = (Path<ClientId>, Json<RecordRequest>);
/// A client, and the page.
type ListParts = (Path<ClientId>, Query<RecordPage>);

/// Records on a page by default.
const PAGE: i64 = 10;

/// Records on a page at most.
const PAGE_MAX: i64 = 100;

/// The page of a list of records.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecordPage {
    /// Records at most, 1 to 100; 10 by default.
    #[param(required = false, minimum = 1, maximum = 100)]
    limit: i64,
    /// Records that are left out at the beginning; none by default.
    #[param(required = false, minimum = 0)]
    offset: i64,
}

impl FromFields for RecordPage {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.field_or("limit", Integer::<1, PAGE_MAX>(PAGE));
        let offset = fields.field_or("offset", Integer::<0, { i64::MAX }>(0));
        Some(Self { limit: limit?.0, offset: offset?.0 })
    }
}

/// Add a record of a consultation to a client
///
/// For the counsellor alone, of a consultation in a room of their own.
#[utoipa::path(tag = "clients", request_body = RecordRequest, security(("bearer" = [])),
    params(Path<ClientId>),
    responses(
        AuthErrors, BodyErrors, OverloadErrors,
        (status = 200, description = "The new record", body = RecordView),
        (status = 400, description = "The body names another client", body = ErrorBody),
        (status = 403, description = "Not the counsellor's client, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such client, or no such room of theirs", body = ErrorBody),
        (status = 409, description = "The client has too many records", body = ErrorBody),
    ),
)]
#[post("/api/clients/{client_id}/consultation-records")]
pub(crate) async fn add_record(
    db: Data<Db>,
    bounds: Data<ClientBounds>,
    bodies: Data<BodyLimits>,
    Authed(Caller(account), (Path(client), Json(request))): Authed<Caller, AddParts>,
) -> Result<Answer<RecordView>, Problem> {
    if request.client_id != client {
        return Err(ClientError::OtherClient.into());
    }
    let new = request.into_record(bodies.document)?;
    let record = records::add(&db, &bounds, &account, client, &new).await?;
    Ok(Answer(record.into()))
}

/// List the records of a client's consultations
///
/// For its counsellor and administrators. The latest consultation first.
#[utoipa::path(tag = "clients", security(("bearer" = [])), params(Path<ClientId>, RecordPage),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "The records", body = Vec<RecordView>),
        (status = 403, description = "Not the counsellor's client, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such client", body = ErrorBody),
    ),
)]
#[get("/api/clients/{client_id}/consultation-records")]
pub(crate) async fn list_records(
    db: Data<Db>,
    Authed(Caller(account), (Path(client), Query(page))): Authed<Caller, ListParts>,
) -> Result<Answer<Vec<RecordView>>, Problem> {
    let RecordPage { limit, offset } = page;
    let records = records::list(&db, &account, client, limit, offset).await?;
    Ok(Answer(records.into_iter().map(RecordView::from).collect()))
}
