//! What can go wrong with gameplay states, as the caller sees it.

use actix_web::http::StatusCode;
use api::Problem;
use rooms::RoomError;
use store::StoreError;
use thiserror::Error;

/// Why a request about gameplay states was not carried out.
#[derive(Debug, Error)]
pub enum GameplayError {
    /// The room is not there.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// The room is somebody else's.
    #[error("You don't have permission to access this room")]
    NotOwner,
    /// Nothing was saved for this game.
    #[error("Gameplay state not found for {0}")]
    NoSuchState(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database answered a save without the row that it saved.
    #[error("a save gave no row back")]
    Unanswered,
}

impl From<GameplayError> for Problem {
    fn from(error: GameplayError) -> Self {
        let (status, code) = match error {
            GameplayError::Room(error) => return error.into(),
            GameplayError::Store(error) => return error.into(),
            GameplayError::Unanswered => return Self::bug(&error),
            GameplayError::NotOwner => (StatusCode::FORBIDDEN, "not_room_owner"),
            GameplayError::NoSuchState(_) => (StatusCode::NOT_FOUND, "gameplay_state_not_found"),
        };
        Self::new(status, code, error.to_string())
    }
}
