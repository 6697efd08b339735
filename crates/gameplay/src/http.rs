//! Gameplay states over HTTP.

mod conditions;
mod history;
mod list;
mod patch;
mod views;

use actix_web::http::header::ContentType;
use actix_web::web::{Data, Json as Answer};
use actix_web::{HttpRequest, HttpResponse, Responder, delete, get, patch, put};
use admission::{Priorities, Priority};
use api::{
    AuthErrors, Authed, BodyErrors, Document, EntityTags, ErrorBody, Idempotency, InputErrors,
    OverloadErrors, Path, Problem, Query, RepeatErrors, StaleBody, Tagged, not_modified,
};
use auth::{Caller, Holder};
use database::Db;
use database::idempotency::InFlight;
use ids::RoomId;
use rooms::Directory;
use values::time;

use crate::access::Access;
use crate::change::Change;
use crate::error::GameplayError;
use crate::history::StoresHistory;
use crate::listener::StateListener;
use crate::save::Save;
use crate::save_writer::Saves;
use crate::state::GameplayId;
use crate::version::Tag;
use crate::{background, states, statistics};
use conditions::condition;
pub use list::ListBytes;
use list::ListRequest;
use patch::{PatchOperations, Patched};
use views::{Removed, SaveRequest, StateView, StatesView, StatisticsView};

// The parts of requests have names because utoipa takes a `Path` inside a tuple for a parameter.
/// The path of a state: the room and the game.
type GamePath = (Path<RoomId>, Path<GameplayId>);
/// A list: the room, and the page.
type ListParts = (Path<RoomId>, Query<ListRequest>);
/// A save: its path, the document, and the key for repeats.
type SaveParts = (Path<RoomId>, Path<GameplayId>, Document, Idempotency);
/// A patch: its path, the patch, and the key for repeats.
type PatchParts = (Path<RoomId>, Path<GameplayId>, Patched, Idempotency);

// A request is compared with one after the other, and saves come most often.
api::routes! {
    save_state,
    patch_state,
    get_state,
    list_states,
    delete_state,
    history::list_versions,
    history::get_version,
    history::restore_version,
    room_statistics,
}

/// Declares the priorities of the routes that save: their work is lost when it is refused.
pub fn prioritize(priorities: &mut Priorities) {
    priorities.declare::<__path_save_state>(Priority::Save);
    priorities.declare::<__path_patch_state>(Priority::Save);
    priorities.declare::<__path_delete_state>(Priority::Save);
    priorities.declare::<history::__path_restore_version>(Priority::Save);
}

/// List the saved games of a room
///
/// For the room's owner alone; the last played first. All of them, up to some megabytes; when there are
/// more, `next_after` is the `after` of the next page.
#[utoipa::path(tag = "gameplay states", security(("bearer" = [])),
    params(
        Path<RoomId>,
        ("after" = Option<String>, Query, description = "The `next_after` of the page before",
            pattern = "^[0-9]{16}-[0-9a-f]{32}$"),
    ),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "The states", body = StatesView),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room", body = ErrorBody),
    ),
)]
#[get("/api/rooms/{room_id}/gameplay-states")]
async fn list_states(
    db: Data<Db>,
    directory: Data<Directory>,
    bytes_max: Data<ListBytes>,
    Authed(Caller(account), (Path(room), Query(page))): Authed<Caller, ListParts>,
) -> Result<HttpResponse, Problem> {
    let access = Access::of_owner(&directory, &account, room).await?;
    let (db, bytes_max) = (Db::clone(&db), bytes_max.0);
    let body = background::run(async move {
        let page = states::list(&db, access, page.after, bytes_max).await?;
        serde_json::to_vec(&StatesView::from(page)).map_err(GameplayError::Unwritable)
    });
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(body.await?))
}

/// Get the saved state of a game
///
/// For the room's owner, and for visitors of the room with their `visitor_token`.
#[utoipa::path(tag = "gameplay states", security(("bearer" = [])),
    params(
        Path<RoomId>,
        Path<GameplayId>,
        ("If-None-Match" = inline(Option<EntityTags>), Header, description = "Entity tags that the client has"),
        ("If-Match" = inline(Option<EntityTags>), Header, description = "Entity tags that it must be"),
    ),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "The state", body = StateView,
            headers(("etag" = String, description = "The version"))),
        (status = 304, description = "The client has this version"),
        (status = 400, description = "A condition is malformed", body = ErrorBody),
        (status = 403, description = "Not the owner's room, not in it, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room, or nothing was saved", body = ErrorBody),
        (status = 412, description = "It is another version", body = StaleBody),
    ),
)]
#[get("/api/rooms/{room_id}/gameplay-states/{gameplay_id}")]
async fn get_state(
    db: Data<Db>,
    directory: Data<Directory>,
    request: HttpRequest,
    Authed(holder, (Path(room), Path(game))): Authed<Holder, GamePath>,
) -> Result<HttpResponse, Problem> {
    let condition = condition(&request)?;
    let access = Access::of(&holder, &directory, room).await?;
    let state = states::load(&db, access, &game).await?;
    let tag = state.tag();
    if !condition.matches_hold(tag) {
        return Err(GameplayError::Stale(Some(tag)).into());
    }
    if !condition.holds(Some(tag)) {
        return Ok(not_modified(tag));
    }
    Ok(Tagged(tag, StateView::from(state)).respond_to(&request))
}

/// Save the state of a game
///
/// For the room's owner alone. Replaces the state as a whole: without a condition whatever it is, with
/// `If-Match` only the version that the client has seen, with `If-None-Match: *` only when there is
/// none. The answer is sent when the state is on disk.
#[utoipa::path(tag = "gameplay states", request_body = SaveRequest, security(("bearer" = [])),
    params(
        Path<RoomId>,
        Path<GameplayId>,
        ("If-Match" = inline(Option<EntityTags>), Header, description = "Entity tags that may be replaced, or *"),
        ("If-None-Match" = inline(Option<EntityTags>), Header, description = "* to save only the first version"),
        Idempotency,
    ),
    responses(
        AuthErrors, BodyErrors, RepeatErrors, OverloadErrors,
        (status = 200, description = "The state as it was saved", body = StateView,
            headers(("etag" = String, description = "The version"))),
        (status = 400, description = "A condition is malformed", body = ErrorBody),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room", body = ErrorBody),
        (status = 409, description = "The same request is under way, or the room has too many games", body = ErrorBody),
        (status = 412, description = "The condition does not hold", body = StaleBody),
    ),
)]
#[put("/api/rooms/{room_id}/gameplay-states/{gameplay_id}")]
async fn save_state(
    db: Data<Db>,
    saves: Data<Saves>,
    directory: Data<Directory>,
    request: HttpRequest,
    in_flight: Data<InFlight>,
    Authed(Caller(account), (Path(room), Path(game), Document(state), repeat)): Authed<
        Caller,
        SaveParts,
    >,
) -> Result<Tagged<Tag, StateView>, Problem> {
    let condition = condition(&request)?;
    let access = Access::of_owner(&directory, &account, room).await?;
    let attempt =
        repeat.begin(|key| in_flight.begin(access.author().id(), key, time::now().into()))?;
    let change = Change::Replace(state);
    let save = Save { condition, attempt, ..Save::of(access, game, change) };
    let state = states::save(&db, &directory, &saves, save).await?;
    Ok(Tagged(state.tag(), state.into()))
}

/// Change a part of the state of a game
///
/// For the room's owner, and for visitors of the room with their `visitor_token`. Takes a merge patch
/// (RFC 7396) or a list of operations (RFC 6902), and applies it to the latest version as a whole or
/// not at all; so two people who change different cards at the same moment both succeed.
#[utoipa::path(tag = "gameplay states", security(("bearer" = [])),
    request_body(content(
        (Object = "application/merge-patch+json"),
        (PatchOperations = "application/json-patch+json"),
    )),
    params(
        Path<RoomId>,
        Path<GameplayId>,
        ("If-Match" = inline(Option<EntityTags>), Header, description = "Entity tags that may be changed"),
        ("If-None-Match" = inline(Option<EntityTags>), Header, description = "Entity tags that may not"),
        Idempotency,
    ),
    responses(
        AuthErrors, BodyErrors, RepeatErrors, OverloadErrors,
        (status = 200, description = "The state as it was saved", body = StateView,
            headers(("etag" = String, description = "The version"))),
        (status = 400, description = "A condition is malformed", body = ErrorBody),
        (status = 403, description = "Not the owner's room, not in it, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room, or nothing was saved", body = ErrorBody),
        (status = 409, description = "The patch does not fit the present state, or the same request is under way", body = ErrorBody),
        (status = 412, description = "The condition does not hold", body = StaleBody),
    ),
)]
#[patch("/api/rooms/{room_id}/gameplay-states/{gameplay_id}")]
async fn patch_state(
    db: Data<Db>,
    saves: Data<Saves>,
    directory: Data<Directory>,
    request: HttpRequest,
    in_flight: Data<InFlight>,
    Authed(holder, (Path(room), Path(game), Patched(change), repeat)): Authed<Holder, PatchParts>,
) -> Result<Tagged<Tag, StateView>, Problem> {
    let condition = condition(&request)?;
    let access = Access::of(&holder, &directory, room).await?;
    let attempt =
        repeat.begin(|key| in_flight.begin(access.author().id(), key, time::now().into()))?;
    let save = Save { condition, attempt, ..Save::of(access, game, change) };
    let state = states::save(&db, &directory, &saves, save).await?;
    Ok(Tagged(state.tag(), state.into()))
}

/// Delete the saved state of a game
///
/// For the room's owner alone. It can be restored while its history is kept.
#[utoipa::path(tag = "gameplay states", security(("bearer" = [])),
    params(
        Path<RoomId>,
        Path<GameplayId>,
        ("If-Match" = inline(Option<EntityTags>), Header, description = "Entity tags that may be deleted"),
        ("If-None-Match" = inline(Option<EntityTags>), Header, description = "Entity tags that may not"),
    ),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "Deleted", body = Removed),
        (status = 400, description = "A condition is malformed", body = ErrorBody),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room, or nothing was saved", body = ErrorBody),
        (status = 412, description = "The condition does not hold", body = StaleBody),
    ),
)]
#[delete("/api/rooms/{room_id}/gameplay-states/{gameplay_id}")]
async fn delete_state(
    db: Data<Db>,
    directory: Data<Directory>,
    stores_history: Data<StoresHistory>,
    listener: Data<dyn StateListener>,
    request: HttpRequest,
    Authed(Caller(account), (Path(room), Path(game))): Authed<Caller, GamePath>,
) -> Result<Answer<Removed>, Problem> {
    let condition = condition(&request)?;
    let access = Access::of_owner(&directory, &account, room).await?;
    states::delete(&db, **stores_history, &**listener, access, &game, &condition).await?;
    Ok(Answer(Removed::default()))
}

/// See what happened in a room
///
/// For the room's owner and administrators.
#[utoipa::path(tag = "rooms", security(("bearer" = [])),
    params(Path<RoomId>),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "The room in numbers", body = StatisticsView),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room", body = ErrorBody),
    ),
)]
#[get("/api/rooms/{room_id}/statistics")]
async fn room_statistics(
    db: Data<Db>,
    Authed(Caller(account), Path(room)): Authed<Caller, Path<RoomId>>,
) -> Result<Answer<StatisticsView>, Problem> {
    Ok(Answer(statistics::of(&db, &account, room).await?.into()))
}
