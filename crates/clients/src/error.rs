//! Errors about clients, as callers see them.

use actix_web::http::StatusCode;
use api::{Problem, key_reused, version_mismatch};
use database::DatabaseError;
use documents::Refusal;
use rooms::RoomError;
use serde_json::{Value, json};
use thiserror::Error;
use values::Fault;

use crate::client::{ClientAction, ClientTag};

/// Why a request about clients was not carried out.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Only counsellors have clients.
    #[error("Only counselors can perform this action")]
    NotACounsellor,
    /// There is no such client.
    #[error("Client not found")]
    NoSuchClient,
    /// The client is another counsellor's.
    #[error("{}", .0.refusal())]
    Forbidden(ClientAction),
    /// The counsellor has a client with the address.
    #[error("You already have a client with this email address")]
    EmailTaken,
    /// The counsellor has another client with the address that is to be bound.
    #[error("You already have another client with this email address")]
    EmailOfAnother,
    /// The client to which an address is to be bound has one.
    #[error("Client already has an email address")]
    HasEmail,
    /// The body names another client than the path.
    #[error("The body names another client than the path")]
    OtherClient,
    /// The account has as many clients as it may have.
    #[error("Too many clients")]
    TooManyClients,
    /// The client has as many records as it may have.
    #[error("Too many consultation records")]
    TooManyRecords,
    /// The verification token is unknown or used, or it expired.
    #[error("Invalid or expired verification token")]
    BadToken,
    /// Too many mails wait to be sent.
    #[error("Too many mails are waiting to be sent, please try again")]
    MailQueueFull,
    /// The client is at another version.
    #[error("The client was changed by somebody else")]
    Stale(ClientTag),
    /// Only the counsellor adds records.
    #[error("You don't have permission to add records for this client")]
    RecordsOfAnother,
    /// There is no such record of the counsellor.
    #[error("Consultation record not found")]
    NoSuchRecord,
    /// The state of a game exceeds the bounds.
    #[error("{0}")]
    State(Refusal),
    /// The idempotency key stands for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// A stored value is damaged.
    #[error("a stored value is damaged")]
    Damaged(#[from] serde_json::Error),
    /// Errors of the client's room.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<ClientError> for Problem {
    fn from(error: ClientError) -> Self {
        let (status, code) = match error {
            ClientError::Database(error) => return error.into(),
            ClientError::Room(error) => return error.into(),
            ClientError::KeyReused => return key_reused(),
            ClientError::Damaged(_) => return Self::bug(&error),
            ClientError::Stale(tag) => {
                return version_mismatch(error.to_string(), Some((tag.version, tag)));
            }
            ClientError::State(refusal) => return bad_state(refusal),
            ClientError::MailQueueFull => {
                return Self::unavailable("mail_busy", "Too many mails wait to be sent", 10);
            }
            ClientError::NotACounsellor => (StatusCode::FORBIDDEN, "counselor_required"),
            ClientError::NoSuchClient => (StatusCode::NOT_FOUND, "client_not_found"),
            ClientError::Forbidden(_) | ClientError::RecordsOfAnother => {
                (StatusCode::FORBIDDEN, "not_client_owner")
            }
            ClientError::EmailTaken | ClientError::EmailOfAnother => {
                (StatusCode::BAD_REQUEST, "client_email_taken")
            }
            ClientError::HasEmail => (StatusCode::BAD_REQUEST, "client_has_email"),
            ClientError::OtherClient => (StatusCode::BAD_REQUEST, "other_client"),
            ClientError::TooManyClients => (StatusCode::CONFLICT, "too_many_clients"),
            ClientError::TooManyRecords => (StatusCode::CONFLICT, "too_many_records"),
            ClientError::BadToken => (StatusCode::BAD_REQUEST, "invalid_verification_token"),
            ClientError::NoSuchRecord => (StatusCode::NOT_FOUND, "record_not_found"),
        };
        Self::new(status, code, error.to_string())
    }
}

fn bad_state(refusal: Refusal) -> Problem {
    let fault = Fault::new("value_error", format!("Value error, {refusal}"))
        .context(json!({ "error": refusal.to_string() }));
    Problem::invalid(vec![fault.at(vec!["body".into(), "game_state".into()], Value::Null)])
}
