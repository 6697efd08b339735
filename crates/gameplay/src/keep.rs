//! Keeping the states of a room's games.

use database::Db;
use database::idempotency::IdempotentRequest;
use values::time;

use crate::access::Access;
use crate::change::Change;
use crate::error::GameplayError;
use crate::save::{Outcome, Save};
use crate::saver::Saves;
use crate::state::{GameplayId, GameplayState};
use crate::store as table;
use crate::version::Condition;

/// Saves a game's state: replaces it, or changes what is there. Answers when it is committed.
///
/// # Errors
/// When the condition does not hold, or there is nothing that the change fits.
pub async fn save(
    saves: &Saves,
    access: Access,
    gameplay_id: GameplayId,
    change: Change,
    condition: Condition,
    attempt: Option<IdempotentRequest>,
) -> Result<GameplayState, GameplayError> {
    let Access { room_id, author } = access;
    let at = time::now();
    let game = gameplay_id.clone();
    let save = Save { room_id, gameplay_id, author, change, condition, attempt, at };
    match saves.commit(save).await? {
        Outcome::Saved(state) => Ok(state),
        Outcome::Stale(current) => Err(GameplayError::Stale(current)),
        Outcome::Nothing => Err(GameplayError::NoSuchState(game.as_str().into())),
        Outcome::Misfit(error) => Err(error.into()),
        Outcome::KeyReused => Err(GameplayError::KeyReused),
    }
}

/// A game's state.
///
/// # Errors
/// When nothing was saved.
pub async fn fetch(
    db: &Db,
    access: Access,
    game: &GameplayId,
) -> Result<GameplayState, GameplayError> {
    let row = db.read_one(table::state(access.room_id, game)).await?;
    row.map(GameplayState::from).ok_or_else(|| GameplayError::NoSuchState(game.as_str().into()))
}

/// The states of all games in a room, the last played first.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db, access: Access) -> Result<Vec<GameplayState>, GameplayError> {
    let rows = db.read_all(table::states(access.room_id)).await?;
    Ok(rows.into_iter().map(GameplayState::from).collect())
}

/// Removes a game's state and its history.
///
/// # Errors
/// When nothing was saved.
pub async fn remove(db: &Db, access: Access, game: &GameplayId) -> Result<(), GameplayError> {
    match db.write(table::remove(access.room_id, game)).await? {
        0 => Err(GameplayError::NoSuchState(game.as_str().into())),
        _ => Ok(()),
    }
}
