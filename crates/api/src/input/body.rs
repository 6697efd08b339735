//! Reading a body: bounded, and checked to be JSON.

use std::io::ErrorKind;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::web::{Bytes, BytesMut};
use futures::StreamExt;
use serde_json::error::Category;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use values::{Fault, Issue};

use super::part::{JSON, RequestPart};
use crate::limits::BodyLimits;
use crate::problem::Problem;

/// The media types that a PATCH accepts (RFC 5789, section 3.1).
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// Reads the body that `T` asks for and checks that it is JSON.
pub(super) async fn read<T: RequestPart>(
    request: &HttpRequest,
    payload: Payload,
    limits: BodyLimits,
) -> Result<Bytes, Problem> {
    let Some(limit) = T::body_limit(&limits) else {
        return Ok(Bytes::new());
    };
    let body = collect(request, payload, limit).await?;
    if !body.is_empty() {
        check_media(request, T::MEDIA)?;
        is_json(&body)?;
    }
    Ok(body)
}

async fn collect(
    request: &HttpRequest,
    mut payload: Payload,
    limit: usize,
) -> Result<Bytes, Problem> {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|it| it.to_str().ok());
    let announced: usize = announced.and_then(|it| it.parse().ok()).unwrap_or(0);
    if announced > limit {
        return Err(too_large(limit));
    }
    let mut body = BytesMut::with_capacity(announced);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| cut_off(&error))?;
        if body.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "payload_too_large",
        format!("The body is larger than {limit} bytes"),
    )
}

/// The answer to a body that did not arrive whole: 408 when it was too slow, or else 400.
pub fn cut_off(error: &PayloadError) -> Problem {
    if matches!(error, PayloadError::Io(error) if error.kind() == ErrorKind::TimedOut) {
        let detail = "The body did not arrive in time";
        return Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail);
    }
    Problem::new(StatusCode::BAD_REQUEST, "bad_body", "The body could not be read to its end")
}

/// A body without a content type counts as JSON where JSON is accepted, as in the earlier backend.
fn check_media(request: &HttpRequest, media: &'static [&'static str]) -> Result<(), Problem> {
    let takes_json = media == [JSON];
    let Some(declared) = request.headers().get(CONTENT_TYPE) else {
        return if takes_json { Ok(()) } else { Err(unsupported(media)) };
    };
    let declared = declared.to_str().unwrap_or_default().to_ascii_lowercase();
    let essence = declared.split(';').next().unwrap_or_default().trim();
    if media.contains(&essence) || (takes_json && essence.ends_with("+json")) {
        return Ok(());
    }
    Err(unsupported(media))
}

fn unsupported(media: &'static [&'static str]) -> Problem {
    let types = media.join(" or ");
    let detail = format!("The body must be JSON, with the content type {types}");
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let problem = Problem::new(status, "unsupported_media_type", detail);
    match HeaderValue::from_str(&media.join(", ")) {
        Ok(accepted) if media != [JSON] => problem.with_header(ACCEPT_PATCH, accepted),
        _ => problem,
    }
}

fn is_json(body: &[u8]) -> Result<(), Problem> {
    match serde_json::from_slice::<&RawValue>(body) {
        Ok(_) => Ok(()),
        Err(error) => Err(Problem::invalid(vec![not_json(body, &error)])),
    }
}

/// `json_invalid`, with the place in bytes from the start.
pub(super) fn not_json(body: &[u8], error: &serde_json::Error) -> Issue {
    let reason = match error.classify() {
        Category::Eof => "Unexpected end of the document",
        _ => "Expecting value",
    };
    let fault = Fault::new("json_invalid", "JSON decode error").context(json!({ "error": reason }));
    let loc = vec![Value::from("body"), Value::from(place(body, error))];
    fault.at(loc, json!({}))
}

fn place(body: &[u8], error: &serde_json::Error) -> usize {
    if error.is_eof() {
        return body.len();
    }
    let before = body.split(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
    let lines: usize = before.map(|line| line.len() + 1).sum();
    (lines + error.column()).saturating_sub(1)
}
