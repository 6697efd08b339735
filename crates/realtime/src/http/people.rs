//! Who is there, for who asks.

use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::web::{Data, Json as Answer};
use actix_web::{Error, FromRequest, HttpRequest, get};
use api::{Authed, Busy, ErrorBody, InputFaults, Path, Problem, SignInFaults, time};
use auth::{Account, Caller, Pass, pass_of};
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use ids::RoomId;
use rooms::{Deed, manage, visit};
use serde::Serialize;
use serde_json::Value;
use store::Db;
use utoipa::ToSchema;

use crate::worker::Worker;

/// Somebody who is there.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonView {
    /// The channel, without `realtime:`.
    #[schema(example = "room:6f1c2d3e-4a5b-4c6d-8e7f-9a0b1c2d3e4f")]
    channel: String,
    /// The name under which they are shown.
    key: String,
    /// Since when, in UTC, without a zone.
    #[schema(example = "2026-11-22T21:49:05.007362")]
    since: String,
    /// What they show.
    #[schema(value_type = Object)]
    shows: Value,
}

/// See who is in a room
///
/// For the room's owner and administrators, and for visitors of the room with their `visitor_token`.
#[utoipa::path(tag = "realtime", security(("bearer" = [])),
    params(("room_id" = RoomId, Path, description = "The room")),
    responses(
        SignInFaults, InputFaults, Busy,
        (status = 200, description = "Who is there, channel by channel", body = Vec<PersonView>),
        (status = 403, description = "Not the owner's room, not in it, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room", body = ErrorBody),
    ),
)]
#[get("/api/rooms/{room_id}/presence")]
pub(crate) async fn list_people(
    request: HttpRequest,
    db: Data<Db>,
    Authed(asker, Path(room)): Authed<Asker, Path<RoomId>>,
) -> Result<Answer<Vec<PersonView>>, Problem> {
    match asker {
        Asker::Visitor(pass) if pass.room == room => {
            visit::find_in(&db, pass.visitor, room).await?;
        }
        Asker::Visitor(_) => return Err(rooms::RoomError::NotInRoom.into()),
        Asker::Account(account) => {
            manage::find_for(&db, &account, room, Deed::Visitors).await?;
        }
    }
    let people = request.app_data::<Worker>().map(|it| it.hub().people(room)).unwrap_or_default();
    let views = people.iter().flat_map(|(channel, people)| {
        people.iter().map(|person| PersonView {
            channel: channel.topic.short().to_owned(),
            key: person.key.to_string(),
            since: time::naive(person.since),
            shows: serde_json::from_slice(&person.object).unwrap_or_default(),
        })
    });
    Ok(Answer(views.collect()))
}

/// Somebody with a good token, of an account or of a visitor.
pub(crate) enum Asker {
    Account(Arc<Account>),
    Visitor(Pass),
}

impl FromRequest for Asker {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if let Some(pass) = pass_of(request) {
            return std::future::ready(Ok(Self::Visitor(pass))).boxed_local();
        }
        let caller = Caller::from_request(request, payload);
        caller.map(|it| it.map(|Caller(account)| Self::Account(account))).boxed_local()
    }
}
