//! Database errors, as their callers distinguish them.

mod class;

use std::sync::Arc;
use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use pooling::PoolError;
use thiserror::Error;

use class::Class;

pub(crate) use class::record_sqlstate;

/// The reason why a query was not executed.
#[derive(Clone, Debug, Error)]
pub enum DatabaseError {
    /// No connection was available.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The database is unavailable, read-only or full, or a timeout cancelled the query; a retry may
    /// succeed.
    #[error("the database did not carry the query out")]
    Unavailable(#[source] Arc<DieselError>),
    /// The database refused the query: a bug.
    #[error("the database refused the query")]
    Refused(#[source] Arc<DieselError>),
    /// The queue of this kind of write is full.
    #[error("the queue of {0} is full")]
    Full(&'static str),
    /// Other transactions conflicted with this one in every attempt.
    #[error("other writers came in between too often")]
    Contended,
    /// The connection ended while a write was in flight: it may have been committed, or not.
    #[error("the connection broke during a write, whose outcome is unknown")]
    InDoubt,
}

impl DatabaseError {
    /// Whether the query was refused because a row that it refers to does not exist.
    pub fn is_missing_reference(&self) -> bool {
        let Self::Refused(error) = self else { return false };
        matches!(**error, DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _))
    }

    /// Whether the query was refused because another row has the same unique key.
    pub fn is_duplicate(&self) -> bool {
        let Self::Refused(error) = self else { return false };
        matches!(**error, DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
    }

    /// The error of a write: [`Self::InDoubt`] when its outcome is unknown.
    pub(crate) fn of_write(error: DieselError) -> Self {
        if Class::of(&error) == Class::Disconnected { Self::InDoubt } else { error.into() }
    }
}

impl From<DieselError> for DatabaseError {
    fn from(error: DieselError) -> Self {
        let class = Class::of(&error);
        let error = Arc::new(error);
        match class {
            Class::Refused => Self::Refused(error),
            Class::Conflict | Class::Unavailable | Class::Terminated | Class::Disconnected => {
                Self::Unavailable(error)
            }
        }
    }
}

/// Whether the error ended the connection, so that another connection may execute the query.
pub(crate) fn ends_connection(error: &DieselError) -> bool {
    matches!(Class::of(error), Class::Terminated | Class::Disconnected)
}

/// Whether the same transaction succeeds when it is retried.
pub(crate) fn is_retryable(error: &DieselError) -> bool {
    Class::of(error) == Class::Conflict
}

const NO_ANSWER: &str = "the database has not answered within";

/// The error of a query that the database has not answered within `limit`.
pub(crate) fn no_answer(limit: Duration) -> DieselError {
    let text = format!("{NO_ANSWER} {} ms", limit.as_millis());
    DieselError::DatabaseError(DatabaseErrorKind::UnableToSendCommand, Box::new(text))
}

/// The error of a write to an SQLite file that is no longer at its path: the write is lost with the file.
pub(crate) fn file_gone() -> DieselError {
    let text = "the database file was removed or replaced".to_owned();
    DieselError::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, Box::new(text))
}

/// The error of a close that left a write-ahead log: another process has the file open.
pub(crate) fn wal_left() -> DieselError {
    let text = "the write-ahead log could not be written back".to_owned();
    DieselError::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, Box::new(text))
}

/// Whether the database has not answered: a retry on another connection would wait as long.
pub(crate) fn is_no_answer(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(_, it) if it.message().starts_with(NO_ANSWER))
}
