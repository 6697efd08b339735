//! Bounds of requests.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::web::Data;
use documents::Bounds;

use crate::problem::Problem;

/// Bounds of the head of a request.
#[derive(Clone, Copy, Debug)]
pub struct HeadLimits {
    /// The path and the query, in bytes.
    pub url: usize,
    /// The names and values of all headers together, in bytes.
    pub headers: usize,
}

/// Bounds of the body of an upload, which is a form (`multipart/form-data`).
#[derive(Clone, Copy, Debug)]
pub struct UploadLimits {
    /// The whole form, in bytes.
    pub bytes: usize,
    /// From the end of the head to the end of the body.
    pub time: Duration,
}

/// Bytes that a body may have beside its document.
pub(crate) const ENVELOPE_BYTES: usize = 4096;

/// Bounds of bodies in size and time.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Bodies of ordinary requests, in bytes.
    pub ordinary: usize,
    /// Documents inside a body, such as a gameplay state.
    pub document: Bounds,
    /// The head.
    pub head: HeadLimits,
    /// Bodies that are forms. Their readers keep nothing of them in memory.
    pub upload: UploadLimits,
    /// From the end of the head to the end of the body.
    pub time: Duration,
}

/// Bytes on the wire for each byte of a body at most: chunks of one byte take six, and chunk extensions
/// (RFC 9112, section 7.1.1) as much as is left.
const WIRE_FACTOR: usize = 8;

/// Bytes on the wire for what a body of no size takes, such as its trailers and what was read ahead.
const WIRE_REST: usize = 64 * 1024;

impl BodyLimits {
    /// Bytes that a request with these headers may take on the wire after its head, whatever its encoding.
    pub fn bytes_on_the_wire(&self, headers: &HeaderMap) -> usize {
        let ordinary = self.largest().saturating_mul(WIRE_FACTOR);
        let bytes = if is_form(headers) {
            // Clients send files in chunks of kilobytes.
            ordinary.max(self.upload.bytes.saturating_add(self.upload.bytes / 4))
        } else {
            ordinary
        };
        bytes.saturating_add(WIRE_REST)
    }

    /// How long the body of a request with these headers may take to arrive.
    pub(crate) fn time_of(&self, headers: &HeaderMap) -> Duration {
        if is_form(headers) { self.upload.time } else { self.time }
    }

    /// The largest body that any handler takes, in bytes.
    pub(crate) fn largest(&self) -> usize {
        self.ordinary.max(self.document.bytes + ENVELOPE_BYTES)
    }
}

/// Whether the body is a form, as a browser sends files.
fn is_form(headers: &HeaderMap) -> bool {
    const FORM: &str = "multipart/form-data";
    let declared = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let essence = declared.and_then(|it| it.get(..FORM.len()));
    essence.is_some_and(|it| it.eq_ignore_ascii_case(FORM))
}

/// The limits that the application was configured with.
pub(crate) fn limits(request: &HttpRequest) -> Result<BodyLimits, Problem> {
    let limits = request.app_data::<Data<BodyLimits>>().map(|limits| ***limits);
    limits.ok_or_else(|| Problem::bug(&std::io::Error::other("body limits are not configured")))
}
