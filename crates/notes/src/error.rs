//! Errors about notes, as callers see them.

use actix_web::http::StatusCode;
use api::{Problem, version_mismatch};
use database::DatabaseError;
use rooms::RoomError;
use thiserror::Error;

use crate::note::NoteTag;

/// Why a request about notes was not carried out.
#[derive(Debug, Error)]
pub enum NoteError {
    /// Only the owner of the room reads its note.
    #[error("Only room counselor can access notes")]
    NotReader,
    /// Only the owner of the room writes its note.
    #[error("Only room counselor can update notes")]
    NotWriter,
    /// The note is at another version.
    #[error("The note was changed by somebody else")]
    Stale(NoteTag),
    /// The text of this version is not kept.
    #[error("Version {0} is not kept")]
    NoSuchVersion(i64),
    /// Errors of the room.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<NoteError> for Problem {
    fn from(error: NoteError) -> Self {
        let (status, code) = match error {
            NoteError::Database(error) => return error.into(),
            NoteError::Room(error) => return error.into(),
            NoteError::Stale(tag) => {
                return version_mismatch(error.to_string(), Some((tag.version, tag)));
            }
            NoteError::NotReader | NoteError::NotWriter => {
                (StatusCode::FORBIDDEN, "not_room_owner")
            }
            NoteError::NoSuchVersion(_) => (StatusCode::NOT_FOUND, "version_not_found"),
        };
        Self::new(status, code, error.to_string())
    }
}
