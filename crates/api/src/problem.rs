//! The error that a handler returns, and which error to use where.
//!
//! | the situation | the error |
//! |---|---|
//! | one value of the input is not valid | [`values::Fault`], recorded at a [`values::Location`]; all of them become one 422 |
//! | a rule of a feature forbids the request | a variant of the feature's error enum, converted by one `match` into [`Problem::new`] with a stable code |
//! | the server cannot do it now (pool, queue, database) | an error that implements [`ServerFailure`]; `?` converts it into a 503 with `Retry-After` |
//! | a limit of a queue or a rate | [`Problem::unavailable`] (503) or the type of the limit (429), both with `Retry-After` |
//! | something that cannot happen | [`Problem::bug`]: a 500 whose cause is logged and not sent |
//! | no route, or another method | nothing: [`crate::Routes`] answers 404 and 405 |
//!
//! Handlers return the error and log nothing. [`crate::middleware::write_errors`] writes the body and logs
//! server errors once, with their sources. A message of a library (serde, Diesel, actix) is never part of
//! an answer.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use values::{FailureKind, Issue, ServerFailure};

/// Seconds after which a client may retry when the database was unavailable or busy.
const DATABASE_RETRY_SECS: u64 = 1;

const BUSY: &str = "The service is busy, please try again";

/// An error answer: status, stable code, and a sentence for a person.
///
/// Handlers return it; [`crate::middleware`] writes and logs it once.
#[derive(Clone, Debug)]
pub struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) detail: Detail,
    pub(crate) fields: Vec<(&'static str, Value)>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) cause: Option<Box<str>>,
}

/// A sentence, or the issues of the input.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Detail {
    Text(Cow<'static, str>),
    Issues(Vec<Issue>),
}

impl Problem {
    /// An error with its status, its stable code in snake case, and a sentence for a person.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let detail = Detail::Text(detail.into());
        let (fields, headers) = (Vec::new(), Vec::new());
        Self { status, code, detail, fields, headers, cause: None }
    }

    /// 422: the input is well-formed but not valid; the body lists every issue.
    pub fn invalid(issues: Vec<Issue>) -> Self {
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_error", "");
        Self { detail: Detail::Issues(issues), ..problem }
    }

    /// 503: a resource of the service is unavailable or full; a retry makes sense after `seconds`.
    pub fn unavailable(code: &'static str, detail: &'static str, seconds: u64) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).retry_after(seconds)
    }

    /// Adds `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.with_header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// 405: the path supports the methods of `allowed` alone.
    pub fn method_not_allowed(allowed: HeaderValue) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method Not Allowed")
            .with_header(ALLOW, allowed)
    }

    /// 500: a defect of the service. Its cause is logged and not sent.
    pub fn bug(cause: &dyn Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Internal Server Error")
            .caused_by(cause)
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds a field to the body.
    #[must_use]
    pub fn with_field(mut self, name: &'static str, value: Value) -> Self {
        self.fields.push((name, value));
        self
    }

    /// Keeps the error and its sources for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: &dyn Error) -> Self {
        let mut words = cause.to_string();
        let mut deeper = cause.source();
        while let Some(error) = deeper {
            words.push_str(": ");
            words.push_str(&error.to_string());
            deeper = error.source();
        }
        self.cause = Some(words.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.code)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status);
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl<E: ServerFailure> From<E> for Problem {
    fn from(error: E) -> Self {
        let (code, detail) = match error.kind() {
            FailureKind::Busy => ("database_busy", BUSY),
            FailureKind::Unavailable => (
                "database_unavailable",
                "The service is not available at the moment, please try again",
            ),
            FailureKind::QueueFull => ("write_queue_full", BUSY),
            FailureKind::OutcomeUnknown => (
                "outcome_unknown",
                "It is not known whether this was saved; please read it again before trying again",
            ),
            FailureKind::Bug => return Self::bug(&error),
        };
        Self::unavailable(code, detail, DATABASE_RETRY_SECS).caused_by(&error)
    }
}

/// The body of an error, as a client sees it.
#[derive(Serialize, ToSchema)]
pub struct ErrorBody {
    /// A sentence for a person, in English or in the Chinese that `Accept-Language` asks for. It may change.
    #[schema(example = "Room not found")]
    pub detail: String,
    /// The error's name for programs. It does not change.
    #[schema(example = "room_not_found")]
    pub code: String,
    /// Names the request in our log; also in the header `x-request-id`.
    #[schema(example = "0f1e9a52-4a5e-4b9f-9c1f-0d6a3c1b7e42")]
    pub request_id: String,
}

/// The body of a 422: everything that is wrong with the input, at once.
#[derive(Serialize, ToSchema)]
pub struct ValidationBody {
    /// One entry for each fault.
    pub detail: Vec<Issue>,
    /// Always `validation_error`.
    #[schema(example = "validation_error")]
    pub code: String,
    /// A sentence for the person who filled in the form, in the language of `Accept-Language`; only where
    /// that header is sent, as browsers do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = String, example = "電子郵件：格式不正確")]
    pub message: Option<String>,
    /// Names the request in our log; also in the header `x-request-id`.
    pub request_id: String,
}
