//! Gameplay states over HTTP.

mod views;

use actix_web::web::{Data, Json as Answer};
use actix_web::{delete, get, put};
use api::{
    Authed, BodyFaults, Both, Busy, Document, ErrorBody, InputFaults, Path, Problem, SignInFaults,
};
use auth::Caller;
use ids::RoomId;
use store::Db;

use crate::state::GameplayId;
use crate::{keep, statistics};
use views::{Removed, SaveRequest, StateView, StatesView, StatisticsView};

/// The way to a game's state: its room, and the game.
type GamePath = Both<Path<RoomId>, Path<GameplayId>>;

api::routes! {
    list_states,
    get_state,
    save_state,
    delete_state,
    room_statistics,
}

/// List the saved games of a room
///
/// For the room's owner alone; the last played first.
#[utoipa::path(tag = "gameplay states", security(("bearer" = [])),
    params(("room_id" = RoomId, Path, description = "The room")),
    responses(
        SignInFaults, InputFaults, Busy,
        (status = 200, description = "The states", body = StatesView),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room", body = ErrorBody),
    ),
)]
#[get("/api/rooms/{room_id}/gameplay-states")]
async fn list_states(
    db: Data<Db>,
    Authed(Caller(account), Path(room)): Authed<Caller, Path<RoomId>>,
) -> Result<Answer<StatesView>, Problem> {
    Ok(Answer(keep::list(&db, &account, room).await?.into()))
}

/// Get the saved state of a game
///
/// For the room's owner alone.
#[utoipa::path(tag = "gameplay states", security(("bearer" = [])),
    params(
        ("room_id" = RoomId, Path, description = "The room"),
        ("gameplay_id" = String, Path, description = "The game", min_length = 1, max_length = 100),
    ),
    responses(
        SignInFaults, InputFaults, Busy,
        (status = 200, description = "The state", body = StateView),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room, or nothing was saved", body = ErrorBody),
    ),
)]
#[get("/api/rooms/{room_id}/gameplay-states/{gameplay_id}")]
async fn get_state(
    db: Data<Db>,
    Authed(Caller(account), Both(Path(room), Path(game))): Authed<Caller, GamePath>,
) -> Result<Answer<StateView>, Problem> {
    Ok(Answer(keep::fetch(&db, &account, room, &game).await?.into()))
}

/// Save the state of a game
///
/// For the room's owner alone. Replaces the state as a whole. The answer is sent when the state
/// is on disk.
#[utoipa::path(tag = "gameplay states", request_body = SaveRequest, security(("bearer" = [])),
    params(
        ("room_id" = RoomId, Path, description = "The room"),
        ("gameplay_id" = String, Path, description = "The game", min_length = 1, max_length = 100),
    ),
    responses(
        SignInFaults, BodyFaults, Busy,
        (status = 200, description = "The state as it was saved", body = StateView),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room", body = ErrorBody),
    ),
)]
#[put("/api/rooms/{room_id}/gameplay-states/{gameplay_id}")]
async fn save_state(
    db: Data<Db>,
    Authed(Caller(account), Both(Both(Path(room), Path(game)), Document(state))): Authed<
        Caller,
        Both<GamePath, Document>,
    >,
) -> Result<Answer<StateView>, Problem> {
    Ok(Answer(keep::save(&db, &account, room, &game, state).await?.into()))
}

/// Delete the saved state of a game
///
/// For the room's owner alone.
#[utoipa::path(tag = "gameplay states", security(("bearer" = [])),
    params(
        ("room_id" = RoomId, Path, description = "The room"),
        ("gameplay_id" = String, Path, description = "The game", min_length = 1, max_length = 100),
    ),
    responses(
        SignInFaults, InputFaults, Busy,
        (status = 200, description = "Deleted", body = Removed),
        (status = 403, description = "Not the owner's room, or inactive", body = ErrorBody),
        (status = 404, description = "There is no such room, or nothing was saved", body = ErrorBody),
    ),
)]
#[delete("/api/rooms/{room_id}/gameplay-states/{gameplay_id}")]
async fn delete_state(
    db: Data<Db>,
    Authed(Caller(account), Both(Path(room), Path(game))): Authed<Caller, GamePath>,
) -> Result<Answer<Removed>, Problem> {
    keep::remove(&db, &account, room, &game).await?;
    Ok(Answer(Removed::default()))
}

/// See what happened in a room
///
/// For the room's owner and administrators.
#[utoipa::path(tag = "rooms", security(("bearer" = [])),
    params(("room_id" = RoomId, Path, description = "The room")),
    responses(
        SignInFaults, InputFaults, Busy,
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
