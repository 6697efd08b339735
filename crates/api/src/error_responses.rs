//! Descriptions of the error answers that many operations share, for OpenAPI.

use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::problem::{ErrorBody, ValidationBody};

/// Errors of an operation that needs a token.
#[derive(IntoResponses)]
pub enum AuthErrors {
    /// The token's subject is no id
    #[response(status = 400)]
    BadSubject(ErrorBody),
    /// No token, or a bad one
    #[response(status = 401)]
    BadToken(ErrorBody),
    /// The account is inactive
    #[response(status = 403)]
    Inactive(ErrorBody),
    /// The account is gone
    #[response(status = 404)]
    Gone(ErrorBody),
}

/// Errors of an operation that reads a body.
#[derive(IntoResponses)]
pub enum BodyErrors {
    /// The body did not arrive in time
    #[response(status = 408)]
    TooSlow(ErrorBody),
    /// The body is too large
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// The body is not JSON
    #[response(status = 415)]
    NotJson(ErrorBody),
    /// The input is not valid
    #[response(status = 422)]
    Invalid(ValidationBody),
}

/// Errors of an operation that reads a body, and that its client may repeat under an `Idempotency-Key`.
#[derive(IntoResponses)]
pub enum RepeatErrors {
    /// The input is not valid, or the key was used for another request
    #[response(status = 422)]
    Invalid(RepeatErrorBody),
}

/// The body of a 422 of such an operation.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum RepeatErrorBody {
    /// The input is not valid.
    Invalid(ValidationBody),
    /// The key was used for another request: `idempotency_key_reused`.
    KeyReused(ErrorBody),
}

/// The error of an operation that reads the path or the query.
#[derive(IntoResponses)]
pub enum InputErrors {
    /// The input is not valid
    #[response(status = 422)]
    Invalid(ValidationBody),
}

/// Errors of an operation under load.
#[derive(IntoResponses)]
pub enum OverloadErrors {
    /// Too many requests; `Retry-After` says when to come back, and `code` names the limit
    #[response(status = 429)]
    Limited(ErrorBody),
    /// The service is busy, or the database is away
    #[response(status = 503)]
    OverloadErrors(ErrorBody),
}
