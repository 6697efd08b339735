//! Who is there, for who asks.

use actix_web::web::{Data, Json as Answer};
use actix_web::{HttpRequest, get};
use api::{AuthErrors, Authed, ErrorBody, InputErrors, OverloadErrors, Path, Problem, time};
use auth::Holder;
use database::Db;
use ids::RoomId;
use rooms::{Deed, Directory, manage};
use serde::Serialize;
use serde_json::Value;
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
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "Who is there, channel by channel", body = Vec<PersonView>),
        (status = 403, description = "Not the owner's room, not in it, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room", body = ErrorBody),
    ),
)]
#[get("/api/rooms/{room_id}/presence")]
pub(crate) async fn list_people(
    request: HttpRequest,
    db: Data<Db>,
    directory: Data<Directory>,
    Authed(asker, Path(room)): Authed<Holder, Path<RoomId>>,
) -> Result<Answer<Vec<PersonView>>, Problem> {
    match asker {
        Holder::Visitor(pass) if pass.room == room => {
            directory.expect_in(pass.visitor, room).await?;
        }
        Holder::Visitor(_) => return Err(rooms::RoomError::NotInRoom.into()),
        Holder::Account(account) => {
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
