//! Errors about uploads, as callers see them.

use actix_web::http::StatusCode;
use api::Problem;
use files::FileError;
use rooms::RoomError;
use thiserror::Error;

use crate::allowed::{CONTENT_TYPES, EXTENSIONS};

/// Why a file was not uploaded.
#[derive(Debug, Error)]
pub enum UploadError {
    /// The room cannot be found.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// The room belongs to another account.
    #[error("You do not have permission to upload files to this room")]
    NotOwner,
    /// The name has more than one dot.
    #[error("Files with multiple extensions are not allowed")]
    SeveralExtensions,
    /// The extension is not among those that are taken.
    #[error("File type not allowed. Allowed types: .{}", EXTENSIONS.join(", ."))]
    ExtensionNotAllowed,
    /// The declared content type is not among those that are taken.
    #[error("File MIME type not allowed. Allowed types: {}", CONTENT_TYPES.join(", "))]
    TypeNotAllowed,
    /// The file was not stored.
    #[error(transparent)]
    File(#[from] FileError),
}

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        let (status, code) = match error {
            UploadError::Room(error) => return error.into(),
            UploadError::File(error) => return error.into(),
            UploadError::NotOwner => (StatusCode::FORBIDDEN, "not_room_owner"),
            UploadError::SeveralExtensions => (StatusCode::BAD_REQUEST, "bad_file_name"),
            UploadError::ExtensionNotAllowed | UploadError::TypeNotAllowed => {
                (StatusCode::BAD_REQUEST, "file_type_not_allowed")
            }
        };
        Self::new(status, code, error.to_string())
    }
}
