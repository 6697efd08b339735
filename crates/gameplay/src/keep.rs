//! Keeping the states of a room's games, which its owner does and nobody else.

use api::time;
use auth::Account;
use ids::RoomId;
use rooms::manage;
use store::{Db, Json};

use crate::error::GameplayError;
use crate::state::{GameplayId, GameplayState};
use crate::store::{self as table, StateRow};

/// Saves a game's state in place of the one before it. Answers when it is committed.
///
/// # Errors
/// When there is no such room, or it is somebody else's.
pub async fn save(
    db: &Db,
    account: &Account,
    room: RoomId,
    game: &GameplayId,
    state: Json,
) -> Result<GameplayState, GameplayError> {
    check_owner(db, account, room).await?;
    let row = StateRow::new(room, game, state, time::now());
    let saved = db.write_one(table::save(&row)).await?;
    saved.map(GameplayState::from).ok_or(GameplayError::Unanswered)
}

/// A game's state.
///
/// # Errors
/// When there is no such room, it is somebody else's, or nothing was saved.
pub async fn fetch(
    db: &Db,
    account: &Account,
    room: RoomId,
    game: &GameplayId,
) -> Result<GameplayState, GameplayError> {
    check_owner(db, account, room).await?;
    let row = db.read_one(table::state(room, game)).await?;
    row.map(GameplayState::from).ok_or_else(|| GameplayError::NoSuchState(game.as_str().into()))
}

/// The states of all games in a room, the last played first.
///
/// # Errors
/// When there is no such room, or it is somebody else's.
pub async fn list(
    db: &Db,
    account: &Account,
    room: RoomId,
) -> Result<Vec<GameplayState>, GameplayError> {
    check_owner(db, account, room).await?;
    let rows = db.read_all(table::states(room)).await?;
    Ok(rows.into_iter().map(GameplayState::from).collect())
}

/// Removes a game's state.
///
/// # Errors
/// When there is no such room, it is somebody else's, or nothing was saved.
pub async fn remove(
    db: &Db,
    account: &Account,
    room: RoomId,
    game: &GameplayId,
) -> Result<(), GameplayError> {
    check_owner(db, account, room).await?;
    match db.write(table::remove(room, game)).await? {
        0 => Err(GameplayError::NoSuchState(game.as_str().into())),
        _ => Ok(()),
    }
}

/// The states are the counsellor's own notes of a game: not even an administrator reads them.
async fn check_owner(db: &Db, account: &Account, room: RoomId) -> Result<(), GameplayError> {
    let room = manage::find(db, room).await?;
    if room.counselor_id == account.id { Ok(()) } else { Err(GameplayError::NotOwner) }
}
