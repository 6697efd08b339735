//! Rooms over HTTP.

use actix_web::web::{Data, Json as Answer};
use actix_web::{delete, get, post, put};
use admission::{ClientAddress, RateLimits};
use api::{
    AuthErrors, Authed, BodyErrors, Created, ErrorBody, Idempotency, Input, InputErrors, Json,
    OverloadErrors, Paged, Path, Problem, Query, RepeatErrors,
};
use auth::{Caller, OptionalCaller};
use database::Db;
use database::idempotency::InFlight;
use ids::RoomId;
use tracing::info;
use utoipa::IntoParams;
use values::{Fields, FromFields, Integer, time};

use super::message::Message;
use super::room_bodies::{RestoredRoomView, RoomRequest, RoomView};
use crate::directory::Directory;
use crate::ended_rooms::EndedRooms;
use crate::error::RoomError;
use crate::manage;
use crate::open::{self, Openings};
use crate::page::{PAGE_MAX, Page, PageRequest};
use crate::room::{EndReason, RoomAction};
use crate::share_code::ShareCode;

// The parts of requests have names because utoipa takes a `Path` inside a tuple for a parameter.
/// A room to open, and the key for repeats.
type CreateParts = (Json<RoomRequest>, Idempotency);
/// A room, and its new description.
type UpdateParts = (Path<RoomId>, Json<RoomRequest>);

/// Filter and page of a list of rooms.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RoomFilter {
    /// Whether to list closed and deleted rooms too.
    #[param(required = false)]
    include_inactive: bool,
    /// Rooms at most, 1 to 1000; 1000 by default.
    #[param(required = false, minimum = 1, maximum = 1000)]
    limit: i64,
    /// The last room of the page before, as the `Link` of that page names it.
    after: Option<RoomId>,
}

impl FromFields for RoomFilter {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let include_inactive = fields.field_or("include_inactive", false);
        let limit = fields.field_or("limit", Integer::<1, PAGE_MAX>(PAGE_MAX));
        let after = fields.field("after");
        Some(Self { include_inactive: include_inactive?, limit: limit?.0, after: after? })
    }
}

/// Open a room
///
/// For counsellors and administrators.
#[utoipa::path(tag = "rooms", request_body = RoomRequest, security(("bearer" = [])), params(
    Idempotency,
), responses(
    AuthErrors, BodyErrors, RepeatErrors, OverloadErrors,
    (status = 201, description = "The new room", body = RoomView),
    (status = 400, description = "The game rule is unknown, or the token's subject is no id", body = ErrorBody),
    (status = 403, description = "Not a counsellor, or inactive", body = ErrorBody),
    (status = 404, description = "There is no such client of theirs", body = ErrorBody),
    (status = 409, description = "The same request is under way, or the account has too many rooms", body = ErrorBody),
))]
#[post("/api/rooms")]
pub(crate) async fn create_room(
    openings: Data<Openings>,
    in_flight: Data<InFlight>,
    Authed(Caller(account), (Json(request), repeat)): Authed<Caller, CreateParts>,
) -> Result<Created<RoomView>, Problem> {
    let attempt =
        repeat.begin(|key| in_flight.begin(account.id.into(), key, time::now().into()))?;
    let owned = open::open(&openings, &account, request.into(), attempt).await?;
    info!(room.id = %owned.room.id, "room {} opened", owned.room.id);
    Ok(Created(owned.into()))
}

/// List one's own rooms
///
/// Newest first; more than 1000 are listed in pages, each with a `Link` to the next.
#[utoipa::path(tag = "rooms", params(RoomFilter), security(("bearer" = [])), responses(
    AuthErrors, InputErrors, OverloadErrors,
    (status = 200, description = "The rooms", body = Vec<RoomView>, headers(
        ("Link" = String, description = "The next page, if there is one, as rel=next"),
    )),
    (status = 404, description = "There is no such room of theirs to begin after", body = ErrorBody),
))]
#[get("/api/rooms")]
pub(crate) async fn list_rooms(
    db: Data<Db>,
    Authed(Caller(account), Query(filter)): Authed<Caller, Query<RoomFilter>>,
) -> Result<Paged<Vec<RoomView>>, Problem> {
    let RoomFilter { include_inactive, limit, after } = filter;
    let page = PageRequest { after, limit };
    let Page { items, has_more } = manage::list(&db, account.id, include_inactive, page).await?;
    let last = items.last().map(|it| it.id).filter(|_| has_more);
    let rooms = manage::with_clients(&db, items).await?;
    let views = rooms.into_iter().map(|it| RoomView::listed(it, &account.name)).collect();
    let filter = if include_inactive { "include_inactive=true&" } else { "" };
    Ok(match last {
        Some(last) => Paged::with_next(views, filter, limit, last),
        None => Paged::last(views),
    })
}

/// Get a room
///
/// For everyone who knows its id; closed and expired rooms too. With the token of its owner or of an
/// administrator also its client.
#[utoipa::path(tag = "rooms", params(Path<RoomId>), security((), ("bearer" = [])), responses(
    InputErrors, OverloadErrors,
    (status = 200, description = "The room", body = RoomView),
    (status = 404, description = "There is no such room", body = ErrorBody),
))]
#[get("/api/rooms/{room_id}")]
pub(crate) async fn get_room(
    db: Data<Db>,
    OptionalCaller(account): OptionalCaller,
    Input(Path(room_id)): Input<Path<RoomId>>,
) -> Result<Answer<RoomView>, Problem> {
    let room = manage::find(&db, room_id).await?;
    Ok(Answer(match account {
        Some(account) if account.owns_or_administers(room.counselor_id) => {
            manage::with_client(&db, room).await?.into()
        }
        _ => room.into(),
    }))
}

/// Get a room by its share code
///
/// For everyone; closed and expired rooms too. Case, blanks and hyphens do not matter.
#[utoipa::path(tag = "rooms", params(Path<ShareCode>), responses(
    InputErrors, OverloadErrors,
    (status = 200, description = "The room", body = RoomView),
    (status = 404, description = "There is no such room", body = ErrorBody),
))]
#[get("/api/rooms/by-code/{share_code}")]
pub(crate) async fn room_by_code(
    directory: Data<Directory>,
    limits: Data<RateLimits>,
    address: ClientAddress,
    Input(Path(code)): Input<Path<ShareCode>>,
) -> Result<Answer<RoomView>, Problem> {
    let find = directory.find_by_code(code);
    let room = limits.codes.attempt(address, find, RoomError::is_wrong_code).await?;
    Ok(Answer(room.into()))
}

/// Change a room's name and description
///
/// For its owner and administrators. A description that is not given is removed.
#[utoipa::path(tag = "rooms", request_body = RoomRequest, security(("bearer" = [])),
    params(Path<RoomId>),
    responses(
        AuthErrors, BodyErrors, OverloadErrors,
        (status = 200, description = "The room as it is now", body = RoomView),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room", body = ErrorBody),
    ),
)]
#[put("/api/rooms/{room_id}")]
pub(crate) async fn update_room(
    db: Data<Db>,
    Authed(Caller(account), (Path(room_id), Json(request))): Authed<Caller, UpdateParts>,
) -> Result<Answer<RoomView>, Problem> {
    let RoomRequest { name, description, .. } = request;
    let room = manage::describe(&db, &account, room_id, &name, description.as_ref()).await?;
    Ok(Answer(manage::with_client(&db, room).await?.into()))
}

/// Delete a room
///
/// For its owner and administrators. The room is kept, inactive, and can be restored.
#[utoipa::path(tag = "rooms", security(("bearer" = [])),
    params(Path<RoomId>),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "Deleted, now or before", body = Message),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room", body = ErrorBody),
    ),
)]
#[delete("/api/rooms/{room_id}")]
pub(crate) async fn delete_room(
    db: Data<Db>,
    ended_rooms: Data<EndedRooms>,
    Authed(Caller(account), Path(room_id)): Authed<Caller, Path<RoomId>>,
) -> Result<Answer<Message>, Problem> {
    let ending = ended_rooms.begin(room_id);
    let room = manage::close(&db, &account, room_id, RoomAction::Delete).await?;
    ending.publish(EndReason::Deleted);
    info!(room.id = %room.id, "room {} deleted", room.id);
    Ok(Answer(Message { message: "Room deleted successfully" }))
}

/// Close a room
///
/// For its owner and administrators.
#[utoipa::path(tag = "rooms", security(("bearer" = [])),
    params(Path<RoomId>),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "The room, closed now or before", body = RoomView),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room", body = ErrorBody),
    ),
)]
#[post("/api/rooms/{room_id}/close")]
pub(crate) async fn close_room(
    db: Data<Db>,
    ended_rooms: Data<EndedRooms>,
    Authed(Caller(account), Path(room_id)): Authed<Caller, Path<RoomId>>,
) -> Result<Answer<RoomView>, Problem> {
    let ending = ended_rooms.begin(room_id);
    let room = manage::close(&db, &account, room_id, RoomAction::Close).await?;
    ending.publish(EndReason::Closed);
    info!(room.id = %room.id, "room {} closed", room.id);
    Ok(Answer(manage::with_client(&db, room).await?.into()))
}

/// Restore a deleted or closed room
///
/// For its owner and administrators.
#[utoipa::path(tag = "rooms", security(("bearer" = [])),
    params(Path<RoomId>),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "The room, open again", body = RestoredRoomView),
        (status = 400, description = "The room is open, or the token's subject is no id", body = ErrorBody),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room", body = ErrorBody),
    ),
)]
#[post("/api/rooms/{room_id}/restore")]
pub(crate) async fn restore_room(
    db: Data<Db>,
    Authed(Caller(account), Path(room_id)): Authed<Caller, Path<RoomId>>,
) -> Result<Answer<RestoredRoomView>, Problem> {
    let room = manage::restore(&db, &account, room_id).await?;
    info!(room.id = %room.id, "room {} restored", room.id);
    Ok(Answer(room.into()))
}
