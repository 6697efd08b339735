//! The errors of requests about gameplay states.

use actix_web::http::StatusCode;
use api::{Problem, etag, version_mismatch};
use database::DatabaseError;
use rooms::RoomError;
use thiserror::Error;

use crate::change::ChangeError;
use crate::version::Tag;

/// Why a request about gameplay states failed.
#[derive(Debug, Error)]
pub enum GameplayError {
    /// Errors of the room.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// The account is not the owner of the room.
    #[error("You don't have permission to access this room")]
    NotOwner,
    /// The game has no state.
    #[error("Gameplay state not found for {0}")]
    NoSuchState(String),
    /// This version never existed, or is no longer stored.
    #[error("Version {0} is not kept")]
    NoSuchVersion(i64),
    /// The condition does not hold for the current version.
    #[error("The gameplay state was changed by somebody else")]
    Stale(Option<Tag>),
    /// The change cannot be applied to the current document.
    #[error(transparent)]
    NotApplicable(#[from] ChangeError),
    /// The room has this many games, and takes no more.
    #[error("The room has {0} games already, and takes no more")]
    TooManyGames(usize),
    /// The `Idempotency-Key` belongs to another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// A repeated request was carried out as this version, whose document is no longer stored.
    #[error("The request was carried out as version {}, which is not kept any more", .0.version)]
    AnswerGone(Tag),
    /// The stored document of this version is not JSON.
    #[error("the document of gameplay state {} is damaged at version {}", .0.state, .0.version)]
    Damaged(Tag),
    /// An answer cannot be written as JSON.
    #[error("an answer cannot be written as JSON")]
    Unwritable(#[source] serde_json::Error),
    /// Too many requests take long at the moment.
    #[error("too many requests take long at the moment")]
    Busy,
    /// The runtime shuts down.
    #[error("the service is shutting down")]
    ShuttingDown,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<GameplayError> for Problem {
    fn from(error: GameplayError) -> Self {
        let (status, code) = match error {
            GameplayError::Room(error) => return error.into(),
            GameplayError::Database(error) => return error.into(),
            GameplayError::KeyReused => return api::key_reused(),
            GameplayError::Damaged(_) | GameplayError::Unwritable(_) => return Self::bug(&error),
            GameplayError::Stale(current) => return stale(current),
            GameplayError::AnswerGone(tag) => return answer_gone(tag),
            GameplayError::NotApplicable(ref error) => not_applicable(error),
            GameplayError::TooManyGames(_) => (StatusCode::CONFLICT, "too_many_games"),
            GameplayError::Busy => {
                let detail = "The service is busy at the moment, please try again";
                return Self::unavailable("server_busy", detail, 1);
            }
            GameplayError::ShuttingDown => {
                return Self::unavailable("shutting_down", "The service is shutting down", 1);
            }
            GameplayError::NoSuchVersion(_) => (StatusCode::NOT_FOUND, "version_not_found"),
            GameplayError::NotOwner => (StatusCode::FORBIDDEN, "not_room_owner"),
            GameplayError::NoSuchState(_) => (StatusCode::NOT_FOUND, "gameplay_state_not_found"),
        };
        Self::new(status, code, error.to_string())
    }
}

/// 412 with the current version, so that the client need not ask for it.
fn stale(current: Option<Tag>) -> Problem {
    let detail = GameplayError::Stale(current).to_string();
    version_mismatch(detail, current.map(|tag| (tag.version, tag)))
}

/// 409 with the version that the request made.
fn answer_gone(tag: Tag) -> Problem {
    let error = GameplayError::AnswerGone(tag);
    Problem::new(StatusCode::CONFLICT, "answer_not_kept", error.to_string())
        .with_field("version", tag.version.into())
        .with_field("etag", etag(tag).to_string().into())
}

fn not_applicable(error: &ChangeError) -> (StatusCode, &'static str) {
    match error {
        ChangeError::TestFailed(_) => (StatusCode::CONFLICT, "patch_test_failed"),
        ChangeError::PathNotFound(_) => (StatusCode::CONFLICT, "patch_path_not_found"),
        ChangeError::TooExpensive(_) => (StatusCode::UNPROCESSABLE_ENTITY, "patch_too_expensive"),
        ChangeError::NeverApplicable(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "patch_path_not_found")
        }
        ChangeError::NoObject | ChangeError::Refused(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "patch_result_invalid")
        }
    }
}
