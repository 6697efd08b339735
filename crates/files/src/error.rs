//! Errors about files, as callers see them.

use std::io;

use actix_web::http::StatusCode;
use api::Problem;
use database::DatabaseError;
use serde_json::{Value, json};
use thiserror::Error;
use values::Fault;

use crate::objects::StoreError;
use crate::picture::PictureFault;

/// Seconds after which a client may retry when the store is away or busy.
const RETRY_SECS: u64 = 5;

const MIB: f64 = 1024.0 * 1024.0;

/// Why a request about files was not carried out.
#[derive(Debug, Error)]
pub enum FileError {
    /// The form has no part `file`.
    #[error("the form has no file")]
    Missing,
    /// The file has no name.
    #[error("Filename is required")]
    NameRequired,
    /// The name is too long, or has control characters.
    #[error("Filename is too long or has control characters")]
    BadName,
    /// The file has more bytes than any file may have.
    #[error("File too large. Maximum size: {}MB", mebibytes(*.0))]
    TooLarge(usize),
    /// The file has no bytes.
    #[error("File is empty")]
    Empty,
    /// The bytes are of no format that is taken.
    #[error("File content is neither a PNG or JPEG image nor a PDF document")]
    UnknownFormat,
    /// The picture cannot be decoded.
    #[error(transparent)]
    Picture(#[from] PictureFault),
    /// The form is none, or ends before its end.
    #[error("The form could not be read")]
    BadForm,
    /// The body did not arrive whole.
    #[error("the body did not arrive whole")]
    CutOff(Problem),
    /// The form has too many parts, or a text that is too long.
    #[error("The form has too many or too large fields")]
    FormTooLarge,
    /// The files of the account take too much space.
    #[error("The files of this account take too much space")]
    AccountFull,
    /// The files of the room take too much space.
    #[error("The files of this room take too much space")]
    RoomFull,
    /// The link was not signed by us.
    #[error("The link is not valid")]
    BadLink,
    /// The link has ended.
    #[error("The link has expired")]
    LinkExpired,
    /// There is no such file, or it was deleted.
    #[error("File not found")]
    NoSuchFile,
    /// The room is gone.
    #[error("Room not found")]
    NoSuchRoom,
    /// `files.store` names no store.
    #[error("File uploads are not set up")]
    Disabled,
    /// As many files as may be are under way.
    #[error("too many files are under way")]
    Busy,
    /// The upload took longer than the grace period, or the room was deleted meanwhile.
    #[error("the file was deleted while it was stored")]
    Overtaken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The temporary file of an upload failed.
    #[error("a temporary file failed")]
    Spool(#[source] io::Error),
    /// The work on a file panicked.
    #[error("the work on a file was broken off")]
    Broken,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

fn mebibytes(bytes: usize) -> String {
    #[expect(clippy::cast_precision_loss, reason = "files are smaller than 2^52 bytes")]
    let bytes = bytes as f64;
    format!("{:.1}", bytes / MIB)
}

impl From<FileError> for Problem {
    fn from(error: FileError) -> Self {
        const AWAY: &str = "The store of files is not available at the moment, please try again";
        const BUSY: &str = "The service is busy, please try again";
        let (status, code) = match &error {
            FileError::Database(error) => return error.clone().into(),
            FileError::Missing => {
                let fault = Fault::new("missing", "Field required");
                let loc = vec![Value::from("body"), Value::from("file")];
                return Self::invalid(vec![fault.at(loc, json!(null))]);
            }
            FileError::CutOff(problem) => return problem.clone(),
            FileError::Store(_) | FileError::Spool(_) => {
                let problem = Self::unavailable("file_store_unavailable", AWAY, RETRY_SECS);
                return problem.caused_by(&error);
            }
            FileError::Busy | FileError::Overtaken => {
                return Self::unavailable("file_store_busy", BUSY, RETRY_SECS).caused_by(&error);
            }
            FileError::Disabled => {
                let detail = "File uploads are not set up";
                return Self::unavailable("uploads_disabled", detail, RETRY_SECS);
            }
            FileError::Broken => return Self::bug(&error),
            FileError::NameRequired | FileError::BadName => {
                (StatusCode::BAD_REQUEST, "bad_file_name")
            }
            FileError::TooLarge(_) => (StatusCode::BAD_REQUEST, "file_too_large"),
            FileError::Empty => (StatusCode::BAD_REQUEST, "file_empty"),
            FileError::UnknownFormat => (StatusCode::BAD_REQUEST, "file_type_not_allowed"),
            FileError::Picture(PictureFault::TooLarge) => {
                (StatusCode::BAD_REQUEST, "picture_too_large")
            }
            FileError::Picture(PictureFault::Unreadable) => {
                (StatusCode::BAD_REQUEST, "bad_picture")
            }
            FileError::BadForm => (StatusCode::BAD_REQUEST, "bad_form"),
            FileError::FormTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "form_too_large"),
            FileError::AccountFull => (StatusCode::CONFLICT, "account_files_full"),
            FileError::RoomFull => (StatusCode::CONFLICT, "room_files_full"),
            FileError::BadLink => (StatusCode::FORBIDDEN, "bad_link"),
            FileError::LinkExpired => (StatusCode::FORBIDDEN, "link_expired"),
            FileError::NoSuchFile => (StatusCode::NOT_FOUND, "file_not_found"),
            FileError::NoSuchRoom => (StatusCode::NOT_FOUND, "room_not_found"),
        };
        Self::new(status, code, error.to_string())
    }
}
