//! Visitors over HTTP. They have no accounts; a request that carries a visitor's id acts for it.

use actix_web::web::{Data, Json as Answer};
use actix_web::{delete, get, patch, post, put};
use admission::{ClientAddress, RateLimits};
use api::{
    AuthErrors, Authed, BodyErrors, Created, ErrorBody, Input, InputErrors, Json, OverloadErrors,
    Paged, Path, Problem, Query,
};
use auth::{Auth, Holder};
use database::Db;
use ids::{RoomId, VisitorId};
use utoipa::IntoParams;
use values::{Fields, FromFields, Integer, time};

use super::message::Message;
use super::visitor_bodies::{JoinRequest, JoinedView, VisitorView, VisitorsView};
use crate::directory::Directory;
use crate::error::RoomError;
use crate::heartbeat::{Heartbeats, record_heartbeat};
use crate::join::{self, Joins};
use crate::manage;
use crate::page::{PAGE_MAX, Page, PageRequest};
use crate::room::RoomAction;
use crate::share_code::ShareCode;
use crate::visit;

// The parts of requests have names because utoipa takes a `Path` inside a tuple for a parameter.
/// A room's share code, and the visitor who joins.
type JoinParts = (Path<ShareCode>, Json<JoinRequest>);
/// A room, and the page of its visitors.
type ListParts = (Path<RoomId>, Query<VisitorPage>);

/// Join a room by its share code
///
/// 201 with the visitor, again with the same one when repeated. A visitor who left comes back.
#[utoipa::path(tag = "visitors", request_body = JoinRequest,
    params(Path<ShareCode>),
    responses(
        BodyErrors, OverloadErrors,
        (status = 201, description = "The visitor", body = JoinedView),
        (status = 404, description = "There is no such room, or it is closed or expired", body = ErrorBody),
        (status = 409, description = "The room is full", body = ErrorBody),
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
    let join = join::join(&joins, code, name, session_id);
    let visitor = limits.codes.attempt(address, join, RoomError::is_wrong_code).await?;
    let visitor_token = auth.visitor_tokens.issue(visitor.id, visitor.room_id, time::now())?;
    Ok(Created(JoinedView { visitor: visitor.into(), visitor_token }))
}

/// The page of a list of visitors.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VisitorPage {
    /// Visitors at most, 1 to 1000; 1000 by default.
    #[param(required = false, minimum = 1, maximum = 1000)]
    limit: i64,
    /// The last visitor of the page before, as the `Link` of that page names it.
    #[param(value_type = Option<VisitorId>)]
    after: Option<VisitorId>,
}

impl FromFields for VisitorPage {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.field_or("limit", Integer::<1, PAGE_MAX>(PAGE_MAX));
        let after = fields.field("after");
        Some(Self { limit: limit?.0, after: after? })
    }
}

/// List the visitors who are in a room
///
/// By the time they joined; more than 1000 are listed in pages, each with a `Link` to the next. For the
/// room's owner and administrators. Visitors of the room may ask with their `visitor_token`: they get the
/// first page, without ids and sessions.
#[utoipa::path(tag = "visitors", security(("bearer" = [])), params(Path<RoomId>, VisitorPage),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "The visitors", body = VisitorsView, headers(
            ("Link" = String, description = "The next page, if there is one, as rel=next"),
        )),
        (status = 403, description = "Not the owner's room, not a visitor of it, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room or visitor, or, for visitors, it is closed or expired", body = ErrorBody),
    ),
)]
#[get("/api/visitors/room/{room_id}")]
pub(crate) async fn list_visitors(
    db: Data<Db>,
    directory: Data<Directory>,
    Authed(holder, (Path(room_id), Query(asked))): Authed<Holder, ListParts>,
) -> Result<Paged<VisitorsView>, Problem> {
    let mut page = PageRequest { after: asked.after, limit: asked.limit };
    match holder {
        Holder::Account(account) => {
            manage::find_for(&db, &account, room_id, RoomAction::Visitors).await?;
            let Page { items, has_more } = visit::list(&db, room_id, page).await?;
            let last = items.last().map(|it| it.id).filter(|_| has_more);
            let view = VisitorsView::Owner(items.into_iter().map(Into::into).collect());
            Ok(match last {
                Some(last) => Paged::with_next(view, "", page.limit, last),
                None => Paged::last(view),
            })
        }
        Holder::Visitor(pass) => {
            if pass.room != room_id {
                return Err(RoomError::NotInRoom.into());
            }
            directory.expect_in(pass.visitor, room_id).await?;
            // A page begins after an id, and ids are secrets of their visitors.
            page.after = None;
            let visitors = visit::list(&db, room_id, page).await?.items;
            Ok(Paged::last(VisitorsView::Visitor(visitors.into_iter().map(Into::into).collect())))
        }
    }
}

/// Send a heartbeat
///
/// A body is not needed and not read.
#[utoipa::path(tag = "visitors",
    params(Path<VisitorId>),
    responses(
        InputErrors, OverloadErrors,
        (status = 200, description = "The visitor, seen at this moment", body = VisitorView),
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
    Ok(Answer(record_heartbeat(&db, &heartbeats, visitor_id).await?.into()))
}

/// Send a heartbeat, as the web app spells it
#[utoipa::path(tag = "visitors",
    params(Path<VisitorId>),
    responses(
        InputErrors, OverloadErrors,
        (status = 200, description = "The visitor, seen at this moment", body = VisitorView),
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
    Ok(Answer(record_heartbeat(&db, &heartbeats, visitor_id).await?.into()))
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
