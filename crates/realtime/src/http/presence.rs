//! The presence of a room over HTTP.

use actix_web::web::{Data, Json as Answer};
use actix_web::{HttpRequest, get};
use api::{AuthErrors, Authed, ErrorBody, InputErrors, OverloadErrors, Path, Problem};
use auth::Holder;
use database::Db;
use ids::RoomId;
use rooms::{Directory, RoomAction, manage};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use values::time;

use crate::worker::Worker;

/// The presence of one member.
#[derive(Serialize, ToSchema)]
pub(crate) struct PresenceView {
    /// The channel, without `realtime:`.
    #[schema(example = "room:6f1c2d3e-4a5b-4c6d-8e7f-9a0b1c2d3e4f")]
    channel: String,
    /// The presence key.
    key: String,
    /// When the member tracked first, in UTC, without a zone.
    #[schema(example = "2026-11-22T21:49:05.007362")]
    since: String,
    /// The tracked object.
    #[schema(value_type = Object)]
    shows: Value,
}

/// List the presence of a room
///
/// For the room's owner and administrators, and for visitors of the room with their `visitor_token`.
#[utoipa::path(tag = "realtime", security(("bearer" = [])),
    params(Path<RoomId>),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "The presence of all members, by channel", body = Vec<PresenceView>),
        (status = 403, description = "Not the owner's room, not in it, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room", body = ErrorBody),
    ),
)]
#[get("/api/rooms/{room_id}/presence")]
pub(crate) async fn list_presence(
    request: HttpRequest,
    db: Data<Db>,
    directory: Data<Directory>,
    Authed(asker, Path(room)): Authed<Holder, Path<RoomId>>,
) -> Result<Answer<Vec<PresenceView>>, Problem> {
    match asker {
        Holder::Visitor(claims) if claims.room == room => {
            directory.expect_in(claims.visitor, room).await?;
        }
        Holder::Visitor(_) => return Err(rooms::RoomError::NotInRoom.into()),
        Holder::Account(account) => {
            manage::find_for(&db, &account, room, RoomAction::Visitors).await?;
        }
    }
    let channels =
        request.app_data::<Worker>().map(|it| it.hub().presence(room)).unwrap_or_default();
    let views = channels.iter().flat_map(|(channel, entries)| {
        entries.iter().map(|entry| PresenceView {
            channel: channel.topic.short().to_owned(),
            key: entry.key.to_string(),
            since: time::zulu(entry.since),
            shows: serde_json::from_slice(&entry.object).unwrap_or_default(),
        })
    });
    Ok(Answer(views.collect()))
}
