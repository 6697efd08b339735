//! Middleware that every request passes: request ids, errors, panics. Errors are written and logged here
//! and nowhere else.

use std::panic::AssertUnwindSafe;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LANGUAGE, HeaderValue, ORIGIN, VARY};
use actix_web::middleware::Next;
use actix_web::test::TestRequest;
use actix_web::{Error, HttpMessage, HttpResponse};
use futures::FutureExt;
use serde::{Serialize, Serializer};
use serde_json::Value;
use tracing::{error, warn};

pub use crate::request_id::assign_request_id;

use crate::language::Language;
use crate::log_sampling;
use crate::problem::{Detail, Problem};
use crate::request_id::RequestId;
use crate::sentence::sentence;
use crate::texts;

#[derive(Serialize)]
struct Body<'a> {
    detail: Shown<'a>,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    request_id: &'a str,
    #[serde(flatten, serialize_with = "as_members")]
    fields: &'a [(&'static str, Value)],
}

/// What an error says: its own words, or those of another language.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'a> {
    Own(&'a Detail),
    Translated(&'static str),
}

fn as_members<S: Serializer>(
    fields: &&[(&'static str, Value)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(fields.iter().map(|(name, value)| (name, value)))
}

/// Writes every error in the same JSON shape, whether a handler or a library raised it.
pub async fn write_errors<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let response = next.call(request).await?;
    let Some(problem) = problem_of(&response) else {
        return Ok(response.map_into_left_body());
    };
    let id = RequestId::of(response.request());
    log(&problem, &id);
    let written = write(&problem, &id, Language::of(response.request().headers()));
    Ok(response.into_response(written).map_into_right_body())
}

/// The problem that a handler returned, or one built from the bare status of a library.
fn problem_of<B>(response: &ServiceResponse<B>) -> Option<Problem> {
    let raised = response.response().extensions().get::<Problem>().cloned();
    let status = response.status();
    raised.or_else(|| status.is_client_error().then(|| of_status(status)))
}

fn of_status(status: StatusCode) -> Problem {
    let (code, reason) = match status {
        StatusCode::REQUEST_TIMEOUT => ("request_timeout", "Request Timeout"),
        StatusCode::PAYLOAD_TOO_LARGE => ("payload_too_large", "Payload Too Large"),
        StatusCode::NOT_FOUND => ("not_found", "Not Found"),
        StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "Method Not Allowed"),
        _ => ("bad_request", "Bad Request"),
    };
    Problem::new(status, code, reason)
}

/// Writes the answer in the language that the request prefers. The list of faults stays as it is, for programs;
/// beside it, a person who prefers a language gets one sentence.
fn write(problem: &Problem, id: &RequestId, preferred: Option<Language>) -> HttpResponse<BoxBody> {
    let mut response = HttpResponse::build(problem.status);
    for (name, value) in &problem.headers {
        response.append_header((name.clone(), value.clone()));
    }
    let Problem { detail, code, fields, .. } = problem;
    let language = preferred.unwrap_or(Language::English);
    response.append_header((CONTENT_LANGUAGE, language.tag()));
    response.append_header((VARY, "accept-language"));
    let (detail, message) = match (detail, language) {
        (Detail::Issues(issues), _) => {
            let message = preferred.map(|language| sentence(issues, language));
            (Shown::Own(detail), message)
        }
        (Detail::Text(_), Language::Chinese) => {
            (texts::chinese(code).map_or(Shown::Own(detail), Shown::Translated), None)
        }
        (Detail::Text(_), Language::English) => (Shown::Own(detail), None),
    };
    response.json(Body { detail, code, message, request_id: id.as_str(), fields })
}

/// Logs a server error with its cause, and refusals (503) sampled. Client errors are not logged here.
fn log(problem: &Problem, id: &RequestId) {
    let cause = problem.cause.as_deref().unwrap_or(problem.code);
    let (status, code) = (problem.status.as_u16(), problem.code);
    if problem.status == StatusCode::SERVICE_UNAVAILABLE {
        let Some(requests) = log_sampling::unreported(code) else { return };
        warn!(
            request_id = %id, status, code, cause, requests,
            "refused {requests} requests: {cause}",
        );
    } else if problem.status.is_server_error() {
        error!(request_id = %id, status, code, cause, "a request failed: {cause}");
    }
}

/// Answers 500 to a request whose handler panicked; the connection stays open.
pub async fn catch_panics<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let origin = request.headers().get(ORIGIN).cloned();
    let id = RequestId::of(request.request());
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(answer) => answer.map(ServiceResponse::map_into_left_body),
        Err(_) => Ok(after_panic(origin, id).map_into_right_body()),
    }
}

/// The answer to a request whose handler panicked. The request itself is gone, so a substitute carries
/// what outer layers read from a request: its id, and its origin for the CORS headers.
fn after_panic(origin: Option<HeaderValue>, id: RequestId) -> ServiceResponse<BoxBody> {
    let mut substitute = TestRequest::default();
    if let Some(origin) = origin {
        substitute = substitute.insert_header((ORIGIN, origin));
    }
    let request = substitute.to_http_request();
    request.extensions_mut().insert(id);
    let problem = Problem::bug(&std::io::Error::other("a handler panicked"));
    ServiceResponse::from_err(problem, request)
}
