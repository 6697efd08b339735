//! Rooms over HTTP.

use actix_web::web::{Data, Json as Answer};
use actix_web::{delete, get, post, put};
use admission::{ClientAddress, RateLimits};
use api::{
    AuthErrors, Authed, BodyErrors, Created, ErrorBody, Idempotency, Input, InputErrors, Json,
    OverloadErrors, Path, Problem, Query,
};
use auth::Caller;
use chrono::{DateTime, Utc};
use database::Db;
use database::idempotency::InFlight;
use ids::{AccountId, GameRuleId, RoomId};
use tracing::info;
use utoipa::{IntoParams, ToSchema};
use values::{Fields, FromFields, time};

use super::views::{Message, RestoredRoomView, RoomView};
use crate::closings::Closings;
use crate::directory::Directory;
use crate::error::RoomError;
use crate::game_rule::{DEFAULT_SLUG, RuleSlug};
use crate::manage;
use crate::open::{self, NewRoom};
use crate::opener::Openings;
use crate::room::{Deed, Description, RoomName};
use crate::share_code::ShareCode;

// The parts of requests have names because utoipa takes a `Path` inside a tuple for a parameter.
/// A room to open, and the key for repeats.
type CreateParts = (Json<RoomRequest>, Idempotency);
/// A room, and its new description.
type UpdateParts = (Path<RoomId>, Json<RoomRequest>);

/// What is said of a room to open or to change.
#[derive(ToSchema)]
pub(crate) struct RoomRequest {
    /// 1 to 200 characters.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Tuesday group")]
    name: RoomName,
    /// At most 500 characters.
    #[schema(value_type = Option<String>, max_length = 500)]
    description: Option<Description>,
    /// The rules to play by: `skill_assessment` (the default), `value_navigation`,
    /// `career_personality`; null or empty for none. Only read when a room is opened.
    #[schema(value_type = Option<String>, example = "skill_assessment")]
    game_rule_slug: Option<RuleSlug>,
    /// Taken and ignored: clients are not a part of this API yet.
    #[expect(dead_code, reason = "clients of the earlier backend send it")]
    client_id: Option<AccountId>,
    /// Taken and ignored, as before.
    #[expect(dead_code, reason = "clients of the earlier backend send it")]
    game_rule_id: Option<GameRuleId>,
    /// When the room ends by itself: RFC 3339, a date, or seconds since 1970; in UTC without a
    /// zone. Only read when a room is opened.
    expires_at: Option<DateTime<Utc>>,
}

impl FromFields for RoomRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let default_rule = RuleSlug::parse(DEFAULT_SLUG).ok();
        let (name, description) = (fields.field("name"), fields.field("description"));
        let game_rule_slug = fields.field_or("game_rule_slug", default_rule);
        let (client_id, game_rule_id) = (fields.field("client_id"), fields.field("game_rule_id"));
        let expires_at = fields.field("expires_at");
        Some(Self {
            name: name?,
            description: description?,
            game_rule_slug: game_rule_slug?,
            client_id: client_id?,
            game_rule_id: game_rule_id?,
            expires_at: expires_at?,
        })
    }
}

impl From<RoomRequest> for NewRoom {
    fn from(request: RoomRequest) -> Self {
        let RoomRequest { name, description, game_rule_slug: rule, expires_at, .. } = request;
        Self { name, description, rule, expires_at }
    }
}

/// Which rooms to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RoomFilter {
    /// Whether closed and deleted rooms are listed too.
    #[param(required = false)]
    include_inactive: bool,
}

impl FromFields for RoomFilter {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { include_inactive: fields.field_or("include_inactive", false)? })
    }
}

/// Open a room
///
/// For counsellors and administrators.
#[utoipa::path(tag = "rooms", request_body = RoomRequest, security(("bearer" = [])), params(
    Idempotency,
), responses(
    AuthErrors, BodyErrors, OverloadErrors,
    (status = 201, description = "The new room", body = RoomView),
    (status = 400, description = "The game rule is unknown, or the token's subject is no id", body = ErrorBody),
    (status = 403, description = "Not a counsellor, or inactive", body = ErrorBody),
    (status = 409, description = "The same request is under way", body = ErrorBody),
))]
#[post("/api/rooms")]
pub(crate) async fn create_room(
    openings: Data<Openings>,
    in_flight: Data<InFlight>,
    Authed(Caller(account), (Json(request), repeat)): Authed<Caller, CreateParts>,
) -> Result<Created<RoomView>, Problem> {
    let attempt =
        repeat.begin(|key| in_flight.begin(account.id.into(), key, time::now().into()))?;
    let room = open::open(&openings, &account, request.into(), attempt).await?;
    info!(room.id = %room.id, "room {} opened", room.id);
    Ok(Created(room.into()))
}

/// List one's own rooms
///
/// Newest first.
#[utoipa::path(tag = "rooms", params(RoomFilter), security(("bearer" = [])), responses(
    AuthErrors, InputErrors, OverloadErrors,
    (status = 200, description = "The rooms", body = Vec<RoomView>),
))]
#[get("/api/rooms")]
pub(crate) async fn list_rooms(
    db: Data<Db>,
    Authed(Caller(account), Query(filter)): Authed<Caller, Query<RoomFilter>>,
) -> Result<Answer<Vec<RoomView>>, Problem> {
    let rooms = manage::list(&db, account.id, filter.include_inactive).await?;
    Ok(Answer(rooms.into_iter().map(|room| RoomView::of(room, &account.name)).collect()))
}

/// Get a room
///
/// For everyone who knows its id; closed and expired rooms too.
#[utoipa::path(tag = "rooms", params(Path<RoomId>), responses(
    InputErrors, OverloadErrors,
    (status = 200, description = "The room", body = RoomView),
    (status = 404, description = "There is no such room", body = ErrorBody),
))]
#[get("/api/rooms/{room_id}")]
pub(crate) async fn get_room(
    db: Data<Db>,
    Input(Path(room_id)): Input<Path<RoomId>>,
) -> Result<Answer<RoomView>, Problem> {
    Ok(Answer(manage::find(&db, room_id).await?.into()))
}

/// Get a room by its share code
///
/// For everyone; upper and lower case differ. Closed and expired rooms too.
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
    Ok(Answer(room.into()))
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
    closings: Data<Closings>,
    Authed(Caller(account), Path(room_id)): Authed<Caller, Path<RoomId>>,
) -> Result<Answer<Message>, Problem> {
    let room = manage::close(&db, &account, room_id, Deed::Delete).await?;
    closings.tell(room.id);
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
    closings: Data<Closings>,
    Authed(Caller(account), Path(room_id)): Authed<Caller, Path<RoomId>>,
) -> Result<Answer<RoomView>, Problem> {
    let room = manage::close(&db, &account, room_id, Deed::Close).await?;
    closings.tell(room.id);
    info!(room.id = %room.id, "room {} closed", room.id);
    Ok(Answer(room.into()))
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
