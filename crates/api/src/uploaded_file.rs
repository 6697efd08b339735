//! A small file that a form carries.

use std::io::ErrorKind;

use actix_multipart::{Multipart, MultipartError};
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use futures::TryStreamExt;
use serde_json::{Value, json};
use values::Fault;

use crate::problem::Problem;

/// Fields that are skipped before the file, at most.
const FIELDS_MAX: usize = 16;

/// A file of a form, held in memory.
#[derive(Debug)]
pub struct UploadedFile {
    /// The name that its sender gave it; empty when it has none.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Reads the part `file` of a form, as it arrives, up to `limit` bytes in the form.
///
/// # Errors
/// 413 when the form is larger, 415 when it is none, 422 when it has no file, 400 when it is malformed.
pub async fn read_file(mut form: Multipart, limit: usize) -> Result<UploadedFile, Problem> {
    let mut left = limit;
    for _ in 0..FIELDS_MAX {
        let Some(mut field) = form.try_next().await.map_err(|it| refused(&it))? else { break };
        let is_file = field.name() == Some("file");
        let name = field.content_disposition().and_then(|it| it.get_filename());
        let name = name.unwrap_or_default().to_owned();
        let mut bytes = Vec::new();
        while let Some(chunk) = field.try_next().await.map_err(|it| refused(&it))? {
            left = left.checked_sub(chunk.len()).ok_or_else(|| too_large(limit))?;
            if is_file {
                bytes.extend_from_slice(&chunk);
            }
        }
        if is_file {
            return Ok(UploadedFile { name, bytes });
        }
    }
    let loc = vec![Value::from("body"), Value::from("file")];
    Err(Problem::invalid(vec![Fault::new("missing", "Field required").at(loc, json!(null))]))
}

fn too_large(limit: usize) -> Problem {
    let detail = format!("The body is larger than {limit} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", detail)
}

fn refused(error: &MultipartError) -> Problem {
    match error {
        MultipartError::ContentTypeMissing
        | MultipartError::ContentTypeParse
        | MultipartError::ContentTypeIncompatible
        | MultipartError::BoundaryMissing => {
            let detail = "The body must be a form, with the content type multipart/form-data";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            Problem::new(status, "unsupported_media_type", detail)
        }
        MultipartError::Payload(PayloadError::Io(error)) if error.kind() == ErrorKind::TimedOut => {
            let detail = "The body did not arrive in time";
            Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail)
        }
        _ => {
            let detail = "The body could not be read to its end";
            Problem::new(StatusCode::BAD_REQUEST, "bad_body", detail)
        }
    }
}
