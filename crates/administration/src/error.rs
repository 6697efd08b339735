//! Errors of requests about the database.

use actix_web::http::StatusCode;
use api::Problem;
use database::DatabaseError;
use thiserror::Error;

/// Why a request about the database failed.
#[derive(Debug, Error)]
pub enum AdministrationError {
    /// There is no such table, or it is not shown.
    #[error("Table '{0}' not found")]
    NoSuchTable(String),
    /// The table may not be cleared.
    #[error("Cannot clear protected table '{0}'")]
    Protected(String),
    /// Errors of accounts.
    #[error(transparent)]
    Auth(#[from] auth::AuthError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<AdministrationError> for Problem {
    fn from(error: AdministrationError) -> Self {
        let (status, code) = match error {
            AdministrationError::Auth(error) => return error.into(),
            AdministrationError::Database(error) => return error.into(),
            AdministrationError::NoSuchTable(_) => (StatusCode::NOT_FOUND, "table_not_found"),
            AdministrationError::Protected(_) => (StatusCode::FORBIDDEN, "protected_table"),
        };
        Self::new(status, code, error.to_string())
    }
}
