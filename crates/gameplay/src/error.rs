//! What can go wrong with gameplay states, as the caller sees it.

use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, EntityTag, HeaderValue};
use api::Problem;
use database::DatabaseError;
use rooms::RoomError;
use serde_json::Value;
use thiserror::Error;

use crate::change::ChangeError;
use crate::version::Tag;

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
    /// This version was never there, or is not kept any more.
    #[error("Version {0} is not kept")]
    NoSuchVersion(i64),
    /// The condition does not hold of the current version.
    #[error("The gameplay state was changed by somebody else")]
    Stale(Option<Tag>),
    /// The change does not fit what is there.
    #[error(transparent)]
    Misfit(#[from] ChangeError),
    /// The client's name for the request stands for another one.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The log holds what is no document: a bug.
    #[error("a logged version is no document")]
    Log(#[from] serde_json::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] DatabaseError),
}

impl From<GameplayError> for Problem {
    fn from(error: GameplayError) -> Self {
        let (status, code) = match error {
            GameplayError::Room(error) => return error.into(),
            GameplayError::Store(error) => return error.into(),
            GameplayError::KeyReused => return api::key_reused(),
            GameplayError::Log(_) => return Self::bug(&error),
            GameplayError::Stale(current) => return stale(current),
            GameplayError::Misfit(ref error) => misfit(error),
            GameplayError::NoSuchVersion(_) => (StatusCode::NOT_FOUND, "version_not_found"),
            GameplayError::NotOwner => (StatusCode::FORBIDDEN, "not_room_owner"),
            GameplayError::NoSuchState(_) => (StatusCode::NOT_FOUND, "gameplay_state_not_found"),
        };
        Self::new(status, code, error.to_string())
    }
}

/// 412 with what there is, so that the client need not ask for it.
fn stale(current: Option<Tag>) -> Problem {
    let error = GameplayError::Stale(current);
    let problem =
        Problem::new(StatusCode::PRECONDITION_FAILED, "version_mismatch", error.to_string());
    match current {
        None => problem.with_field("version", Value::Null).with_field("etag", Value::Null),
        Some(tag) => {
            let quoted = EntityTag::new_strong(tag.to_string()).to_string();
            let header = HeaderValue::from_str(&quoted).unwrap_or(HeaderValue::from_static(""));
            problem
                .with_field("version", tag.version.into())
                .with_field("etag", quoted.into())
                .with_header(ETAG, header)
        }
    }
}

fn misfit(error: &ChangeError) -> (StatusCode, &'static str) {
    match error {
        ChangeError::TestFailed(_) => (StatusCode::CONFLICT, "patch_test_failed"),
        ChangeError::NoSuchPlace(_) => (StatusCode::UNPROCESSABLE_ENTITY, "patch_path_not_found"),
        ChangeError::NoObject | ChangeError::Refused(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "patch_result_invalid")
        }
    }
}
