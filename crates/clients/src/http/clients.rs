//! Clients over HTTP.

use actix_web::http::header::IF_MATCH;
use actix_web::web::{Data, Json as Answer};
use actix_web::{HttpRequest, delete, get, post, put};
use api::{
    AuthErrors, Authed, BodyErrors, EntityTags, ErrorBody, Idempotency, InputErrors, Json,
    OverloadErrors, Paged, Path, Problem, Query, RepeatErrors, SentTags, StaleBody, Tagged,
};
use auth::{Account, Caller};
use database::Db;
use database::idempotency::InFlight;
use ids::ClientId;
use rooms::{PAGE_MAX, Page, PageRequest};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use values::{Fields, FromFields, Given, Integer, time};

use super::client_bodies::{ClientRequest, ClientUpdate, ClientView, ListedRoomView};
use crate::bounds::ClientBounds;
use crate::client::{ClientAction, ClientChange, ClientTag, NewClient, Status};
use crate::list::{self, Filter, ListedClient, Search};
use crate::{create, manage};

// The parts of requests have names because utoipa takes a `Path` inside a tuple for a parameter.
/// A client to create, and the key for repeats.
type CreateParts = (Json<NewClient>, Idempotency);
/// A client, and its change.
type UpdateParts = (Path<ClientId>, Json<ClientChange>);

/// Filter and page of a list of clients.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ClientFilter {
    /// Clients of this status alone.
    #[param(required = false)]
    status: Option<Status>,
    /// Clients whose name or address contains this text, in any case.
    #[param(required = false, value_type = String, max_length = 255)]
    search: Option<Search>,
    /// Clients at most, 1 to 1000; 1000 by default.
    #[param(required = false, minimum = 1, maximum = 1000)]
    limit: i64,
    /// The last client of the page before, as the `Link` of that page names it.
    after: Option<ClientId>,
}

impl FromFields for ClientFilter {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let status: Option<Given<Status>> = fields.field("status");
        let (search, after) = (fields.field("search"), fields.field("after"));
        let limit = fields.field_or("limit", Integer::<1, PAGE_MAX>(PAGE_MAX));
        Some(Self { status: status?.0, search: search?, limit: limit?.0, after: after? })
    }
}

impl ClientFilter {
    /// The query of the next page, without its place.
    fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(status) = self.status {
            query.append_pair("status", status.as_str());
        }
        if let Some(search) = &self.search {
            query.append_pair("search", search);
        }
        let query = query.finish();
        if query.is_empty() { query } else { query + "&" }
    }
}

/// A confirmation.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClientMessage {
    pub(super) message: &'static str,
}

/// List one's own clients
///
/// For counsellors and administrators. Newest first; more than 1000 are listed in pages, each with a `Link`
/// to the next. A search compares each character in lower case, by Unicode's table; `%` and `_` are letters.
#[utoipa::path(tag = "clients", params(ClientFilter), security(("bearer" = [])), responses(
    AuthErrors, InputErrors, OverloadErrors,
    (status = 200, description = "The clients", body = Vec<ClientView>, headers(
        ("Link" = String, description = "The next page, if there is one, as rel=next"),
    )),
    (status = 403, description = "Not a counsellor, or inactive", body = ErrorBody),
    (status = 404, description = "There is no such client of theirs to begin after", body = ErrorBody),
))]
#[get("/api/clients")]
pub(crate) async fn list_clients(
    db: Data<Db>,
    Authed(Caller(account), Query(query)): Authed<Caller, Query<ClientFilter>>,
) -> Result<Paged<Vec<ClientView>>, Problem> {
    let (next, limit) = (query.query(), query.limit);
    let page = PageRequest { after: query.after, limit };
    let filter = Filter { status: query.status, search: query.search };
    let Page { items, has_more } = list::list(&db, &account, &filter, page).await?;
    let last = items.last().map(|it| it.client.id).filter(|_| has_more);
    let views = items.into_iter().map(|it| ClientView::listed(it, Some(&account.name))).collect();
    Ok(match last {
        Some(last) => Paged::with_next(views, &next, limit, last),
        None => Paged::last(views),
    })
}

/// Create a client
///
/// For counsellors and administrators. The client begins with a room, the default one.
#[utoipa::path(tag = "clients", request_body = ClientRequest, security(("bearer" = [])),
    params(Idempotency),
    responses(
        AuthErrors, BodyErrors, RepeatErrors, OverloadErrors,
        (status = 200, description = "The new client", body = ClientView,
            headers(("etag" = String, description = "The version"))),
        (status = 400, description = "Another client of theirs has the address", body = ErrorBody),
        (status = 403, description = "Not a counsellor, or inactive", body = ErrorBody),
        (status = 409, description = "The same request is under way, or the account has too many clients or rooms", body = ErrorBody),
    ),
)]
#[post("/api/clients")]
pub(crate) async fn create_client(
    db: Data<Db>,
    bounds: Data<ClientBounds>,
    in_flight: Data<InFlight>,
    Authed(Caller(account), (Json(new), repeat)): Authed<Caller, CreateParts>,
) -> Result<Tagged<ClientTag, ClientView>, Problem> {
    let attempt =
        repeat.begin(|key| in_flight.begin(account.id.into(), key, time::now().into()))?;
    let created = create::create(&db, &bounds, &account, &new, attempt).await?;
    Ok(Tagged(created.client.tag(), created.into()))
}

/// Get a client
///
/// For its counsellor and administrators.
#[utoipa::path(tag = "clients", security(("bearer" = [])), params(Path<ClientId>), responses(
    AuthErrors, InputErrors, OverloadErrors,
    (status = 200, description = "The client", body = ClientView,
        headers(("etag" = String, description = "The version"))),
    (status = 403, description = "Not the counsellor's client, or inactive", body = ErrorBody),
    (status = 404, description = "There is no such client", body = ErrorBody),
))]
#[get("/api/clients/{client_id}")]
pub(crate) async fn get_client(
    db: Data<Db>,
    Authed(Caller(account), Path(id)): Authed<Caller, Path<ClientId>>,
) -> Result<Tagged<ClientTag, ClientView>, Problem> {
    let listed = manage::find_for(&db, &account, id, ClientAction::View).await?;
    Ok(tagged(listed, &account))
}

/// Change a client
///
/// For its counsellor and administrators. Fields that are left out stay as they are.
#[utoipa::path(tag = "clients", request_body = ClientUpdate, security(("bearer" = [])),
    params(
        Path<ClientId>,
        ("If-Match" = inline(Option<EntityTags>), Header, description = "Entity tags that may be changed"),
    ),
    responses(
        AuthErrors, BodyErrors, OverloadErrors,
        (status = 200, description = "The client as it is now", body = ClientView,
            headers(("etag" = String, description = "The version"))),
        (status = 400, description = "Another client has the address, or the condition is malformed", body = ErrorBody),
        (status = 403, description = "Not the counsellor's client, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such client", body = ErrorBody),
        (status = 412, description = "The condition does not hold", body = StaleBody),
    ),
)]
#[put("/api/clients/{client_id}")]
pub(crate) async fn update_client(
    db: Data<Db>,
    request: HttpRequest,
    Authed(Caller(account), (Path(id), Json(change))): Authed<Caller, UpdateParts>,
) -> Result<Tagged<ClientTag, ClientView>, Problem> {
    let condition = SentTags::of(&request, &IF_MATCH)?;
    let listed = manage::update(&db, &account, id, &change, condition.as_ref()).await?;
    Ok(tagged(listed, &account))
}

/// Archive a client
///
/// For its counsellor and administrators. The client is kept, with rooms and records.
#[utoipa::path(tag = "clients", security(("bearer" = [])),
    params(
        Path<ClientId>,
        ("If-Match" = inline(Option<EntityTags>), Header, description = "Entity tags that may be archived"),
    ),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "Archived, now or before", body = ClientMessage),
        (status = 400, description = "The condition is malformed", body = ErrorBody),
        (status = 403, description = "Not the counsellor's client, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such client", body = ErrorBody),
        (status = 412, description = "The condition does not hold", body = StaleBody),
    ),
)]
#[delete("/api/clients/{client_id}")]
pub(crate) async fn archive_client(
    db: Data<Db>,
    request: HttpRequest,
    Authed(Caller(account), Path(id)): Authed<Caller, Path<ClientId>>,
) -> Result<Answer<ClientMessage>, Problem> {
    let condition = SentTags::of(&request, &IF_MATCH)?;
    manage::archive(&db, &account, id, condition.as_ref()).await?;
    Ok(Answer(ClientMessage { message: "Client archived successfully" }))
}

/// List the rooms of a client
///
/// For its counsellor and administrators. Newest first; with closed ones.
#[utoipa::path(tag = "clients", security(("bearer" = [])), params(Path<ClientId>), responses(
    AuthErrors, InputErrors, OverloadErrors,
    (status = 200, description = "The rooms", body = Vec<ListedRoomView>),
    (status = 403, description = "Not the counsellor's client, or inactive", body = ErrorBody),
    (status = 404, description = "There is no such client", body = ErrorBody),
))]
#[get("/api/clients/{client_id}/rooms")]
pub(crate) async fn list_client_rooms(
    db: Data<Db>,
    Authed(Caller(account), Path(id)): Authed<Caller, Path<ClientId>>,
) -> Result<Answer<Vec<ListedRoomView>>, Problem> {
    let rooms = manage::rooms_of(&db, &account, id).await?;
    Ok(Answer(rooms.into_iter().map(ListedRoomView::from).collect()))
}

/// The client and its entity tag, for `account`.
pub(super) fn tagged(listed: ListedClient, account: &Account) -> Tagged<ClientTag, ClientView> {
    let tag = listed.client.tag();
    let is_own = listed.client.counselor_id == account.id;
    Tagged(tag, ClientView::listed(listed, is_own.then_some(account.name.as_str())))
}
