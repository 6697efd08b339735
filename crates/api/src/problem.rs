//! The one shape of an error.

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

/// Seconds after which a client may try again when the database was away or busy.
const DATABASE_RETRY_SECS: u64 = 1;

const BUSY: &str = "The service is busy, please try again";

/// Why a request was not carried out, in the caller's words.
///
/// Handlers return it; the middleware in [`crate::middleware`] writes it and logs it once.
#[derive(Clone, Debug)]
pub struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) detail: Detail,
    pub(crate) fields: Vec<(&'static str, Value)>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) cause: Option<Box<str>>,
}

/// A sentence, or a list of what is wrong with the input.
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

    /// 422: the input is well-formed but not valid; every issue is named.
    pub fn invalid(issues: Vec<Issue>) -> Self {
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_error", "");
        Self { detail: Detail::Issues(issues), ..problem }
    }

    /// 503: something that the service needs is away or full; `seconds` until a new try makes sense.
    pub fn unavailable(code: &'static str, detail: &'static str, seconds: u64) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).retry_after(seconds)
    }

    /// Says after how many seconds a new try makes sense.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.with_header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// 405: the path knows other methods, those of `allowed`.
    pub fn method_not_allowed(allowed: HeaderValue) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method Not Allowed")
            .with_header(ALLOW, allowed)
    }

    /// 500: a fault of ours. Its cause is logged and never told.
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

    /// Keeps the error and what led to it for the log.
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
    /// A sentence for a person. It may change.
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
    /// Names the request in our log; also in the header `x-request-id`.
    pub request_id: String,
}
