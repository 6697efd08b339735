//! The cards on the table of a game, in its saved state: loading them, and saving moves of visitors.

use chrono::{DateTime, Utc};
use database::{DatabaseError, Db};
use documents::{Bounds, Json};
use ids::RoomId;
use rooms::Directory;
use values::time;

use crate::access::Access;
use crate::author::Author;
use crate::cards::{self, MovedCard, PlacedCards};
use crate::change::{Change, ChangeError};
use crate::error::GameplayError;
use crate::save::Save;
use crate::save_writer::Saves;
use crate::state::GameplayId;
use crate::states::save;
use crate::store::{self, StateRow};
use crate::version::{Condition, Versions};

/// The cards on the table of a game as its saved state has them, and when it was saved; `None` when nothing was
/// saved. For members of the room's channels, who see all moves of cards; the rest of the state stays with its
/// owner.
///
/// # Errors
/// When the database fails, or the document is damaged.
pub async fn placed_cards(
    db: &Db,
    room: RoomId,
    game: &GameplayId,
) -> Result<Option<(PlacedCards, DateTime<Utc>)>, GameplayError> {
    let Some(row) = db.read_one(store::state(room, game)).await? else { return Ok(None) };
    let state = row.state().map_err(GameplayError::Damaged)?;
    Ok(Some((cards::placed(&state.state), state.saved_at)))
}

/// Tries of a save of moves; each fails only because the state was saved in between.
const MOVE_TRIES_MAX: usize = 5;

/// Saves moves of visitors that no page saves, as the author [`Server`](Author::Server), while the room is open.
///
/// The moves are applied to the current version and saved on the condition that it still is the current one,
/// so that a concurrent save wins: a move counts only while the current version may lack it. Moves that
/// change nothing make no version.
///
/// # Errors
/// When the room is closed or over, or the database fails.
pub async fn save_moves(
    db: &Db,
    directory: &Directory,
    saves: &Saves,
    (room_id, game): (RoomId, &GameplayId),
    moves: &[MovedCard],
    bounds: Bounds,
) -> Result<(), GameplayError> {
    for _ in 0..MOVE_TRIES_MAX {
        directory.expect_open(room_id).await?;
        let row = db.read_one(store::state(room_id, game)).await?;
        let current = row.map(StateRow::state).transpose().map_err(GameplayError::Damaged)?;
        let saved_at = current.as_ref().map(|it| it.saved_at);
        let may_lack = |it: &&MovedCard| saved_at.is_none_or(|at| at < it.known_from);
        let moves: Vec<_> = moves.iter().filter(may_lack).cloned().collect();
        let document = current.as_ref().map(|it| &it.state);
        let Some(after) = cards::after_moves(document, game.as_str(), &moves, time::now()) else {
            return Ok(());
        };
        let after = Json::accept(&after, bounds).map_err(ChangeError::from)?;
        let condition = match &current {
            Some(state) => {
                let tagged = Versions::Tagged(vec![state.tag().to_string()]);
                Condition { matches: Some(tagged), matches_not: None }
            }
            None => Condition { matches: None, matches_not: Some(Versions::Any) },
        };
        let access = Access { room_id, author: Author::Server };
        let request = Save { condition, ..Save::of(access, game.clone(), Change::Replace(after)) };
        match save(db, directory, saves, request).await {
            Err(GameplayError::Stale(_)) => {}
            outcome => return outcome.map(drop),
        }
    }
    Err(DatabaseError::Contended.into())
}
