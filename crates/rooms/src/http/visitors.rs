//! Visitors over HTTP. None of them has an account; whoever knows a visitor's id speaks for it.

use actix_web::web::{Data, Json as Answer};
use actix_web::{delete, get, patch, post, put};
use admission::{ClientAddress, RateLimits};
use api::{
    AuthErrors, Authed, BodyErrors, Created, ErrorBody, Input, InputErrors, Json, OverloadErrors,
    Path, Problem,
};
use auth::{Auth, Caller};
use database::Db;
use ids::{RoomId, VisitorId};
use utoipa::ToSchema;
use values::{Fields, FromFields, time};

use super::views::{JoinedView, Message, VisitorView};
use crate::error::RoomError;
use crate::heartbeat::Heartbeats;
use crate::join::Joins;
use crate::share_code::ShareCode;
use crate::visit;
use crate::visitor::{SessionKey, VisitorName};

/// A room's share code, and the visitor who joins.
///
/// It has a name because utoipa takes a `Path` inside a tuple for a parameter.
type JoinParts = (Path<ShareCode>, Json<JoinRequest>);

/// Who wants to join.
#[derive(ToSchema)]
pub(crate) struct JoinRequest {
    /// At most 100 characters; may be empty.
    #[schema(value_type = String, max_length = 100, example = "Mei")]
    name: VisitorName,
    /// The client's name for its session, at most 255 characters. Joining again with the same one
    /// gives the same visitor.
    #[schema(value_type = String, max_length = 255, example = "visitor_1764000000000_k3j9x1z2a")]
    session_id: SessionKey,
}

impl FromFields for JoinRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (name, session_id) = (fields.field("name"), fields.field("session_id"));
        Some(Self { name: name?, session_id: session_id? })
    }
}

/// Join a room by its share code
///
/// 201 with the visitor, again with the same one when repeated. A visitor who left comes back.
#[utoipa::path(tag = "visitors", request_body = JoinRequest,
    params(Path<ShareCode>),
    responses(
        BodyErrors, OverloadErrors,
        (status = 201, description = "The visitor", body = JoinedView),
        (status = 404, description = "There is no such room, or it is closed or over", body = ErrorBody),
    ),
)]
#[post("/api/visitors/join-room/{share_code}")]
pub(crate) async fn join_room(
    joins: Data<Joins>,
    auth: Data<Auth>,
    limits: Data<RateLimits>,
    address: ClientAddress,
    input: Input<JoinParts>,
) -> Result<Created<JoinedView>, Problem> {
    let Input((Path(code), Json(JoinRequest { name, session_id }))) = input;
    let join = visit::join(&joins, code, name, session_id);
    let visitor = limits.codes.attempt(address, join, RoomError::is_wrong_code).await?;
    let visitor_token = auth.passes.issue(visitor.id, visitor.room_id, time::now())?;
    Ok(Created(JoinedView { visitor: visitor.into(), visitor_token }))
}

/// List the visitors who are in a room
///
/// For the room's owner and administrators, in the order the visitors came.
#[utoipa::path(tag = "visitors", security(("bearer" = [])),
    params(Path<RoomId>),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "The visitors", body = Vec<VisitorView>),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room", body = ErrorBody),
    ),
)]
#[get("/api/visitors/room/{room_id}")]
pub(crate) async fn list_visitors(
    db: Data<Db>,
    Authed(Caller(account), Path(room_id)): Authed<Caller, Path<RoomId>>,
) -> Result<Answer<Vec<VisitorView>>, Problem> {
    let visitors = visit::present(&db, &account, room_id).await?;
    Ok(Answer(visitors.into_iter().map(VisitorView::from).collect()))
}

/// Give a sign of life
///
/// A body is not needed and not read.
#[utoipa::path(tag = "visitors",
    params(Path<VisitorId>),
    responses(
        InputErrors, OverloadErrors,
        (status = 200, description = "The visitor, seen now", body = VisitorView),
        (status = 400, description = "The visitor left", body = ErrorBody),
        (status = 404, description = "There is no such visitor", body = ErrorBody),
    ),
)]
#[put("/api/visitors/{visitor_id}/heartbeat")]
pub(crate) async fn heartbeat(
    db: Data<Db>,
    heartbeats: Data<Heartbeats>,
    Input(Path(visitor_id)): Input<Path<VisitorId>>,
) -> Result<Answer<VisitorView>, Problem> {
    Ok(Answer(visit::heartbeat(&db, &heartbeats, visitor_id).await?.into()))
}

/// Give a sign of life, as the web app spells it
#[utoipa::path(tag = "visitors",
    params(Path<VisitorId>),
    responses(
        InputErrors, OverloadErrors,
        (status = 200, description = "The visitor, seen now", body = VisitorView),
        (status = 400, description = "The visitor left", body = ErrorBody),
        (status = 404, description = "There is no such visitor", body = ErrorBody),
    ),
)]
#[patch("/api/visitors/{visitor_id}/heartbeat")]
pub(crate) async fn heartbeat_by_patch(
    db: Data<Db>,
    heartbeats: Data<Heartbeats>,
    Input(Path(visitor_id)): Input<Path<VisitorId>>,
) -> Result<Answer<VisitorView>, Problem> {
    Ok(Answer(visit::heartbeat(&db, &heartbeats, visitor_id).await?.into()))
}

/// Leave the room
///
/// Leaving twice is leaving once.
#[utoipa::path(tag = "visitors",
    params(Path<VisitorId>),
    responses(
        InputErrors, OverloadErrors,
        (status = 200, description = "Left, now or before", body = Message),
        (status = 404, description = "There is no such visitor", body = ErrorBody),
    ),
)]
#[delete("/api/visitors/{visitor_id}")]
pub(crate) async fn leave_room(
    db: Data<Db>,
    Input(Path(visitor_id)): Input<Path<VisitorId>>,
) -> Result<Answer<Message>, Problem> {
    visit::leave(&db, visitor_id).await?;
    Ok(Answer(Message { message: "Left room successfully" }))
}

/// Get a visitor
///
/// Also one who left.
#[utoipa::path(tag = "visitors",
    params(Path<VisitorId>),
    responses(
        InputErrors, OverloadErrors,
        (status = 200, description = "The visitor", body = VisitorView),
        (status = 404, description = "There is no such visitor", body = ErrorBody),
    ),
)]
#[get("/api/visitors/{visitor_id}")]
pub(crate) async fn get_visitor(
    db: Data<Db>,
    Input(Path(visitor_id)): Input<Path<VisitorId>>,
) -> Result<Answer<VisitorView>, Problem> {
    Ok(Answer(visit::find(&db, visitor_id).await?.into()))
}
