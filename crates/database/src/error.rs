//! What can go wrong between us and a database.

use std::sync::Arc;
use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use pooling::PoolError;
use thiserror::Error;

/// Why a query was not carried out.
#[derive(Clone, Debug, Error)]
pub enum DatabaseError {
    /// No connection was to be had.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The database went away, is read-only, or gave up waiting; another try may succeed.
    #[error("the database did not carry the query out")]
    Unavailable(#[source] Arc<DieselError>),
    /// The database refused a query of ours: a bug.
    #[error("the database refused the query")]
    Refused(#[source] Arc<DieselError>),
    /// As many writes of this kind wait as may wait.
    #[error("the queue of {0} is full")]
    Full(&'static str),
    /// Other transactions came in between, again and again.
    #[error("other writers came in between too often")]
    Contended,
    /// The connection broke while a write was under way: it may have been carried out, or not.
    #[error("the connection broke during a write, whose outcome is unknown")]
    InDoubt,
}

impl DatabaseError {
    /// Why a write was not carried out, or that nobody knows whether it was.
    pub(crate) fn of_write(error: DieselError) -> Self {
        if is_closed(&error) { Self::InDoubt } else { error.into() }
    }
}

/// Whether the connection of a query broke, so that another one may carry it out.
pub(crate) fn is_broken_off(error: &DieselError) -> bool {
    let is_ended = match at_commit(error) {
        DieselError::DatabaseError(_, details) => details.message().contains(ENDED),
        _ => false,
    };
    is_ended || is_closed(error)
}

/// That the database has not answered within `limit`.
pub(crate) fn silence(limit: Duration) -> DieselError {
    let words = format!("{SILENT} {} ms", limit.as_millis());
    DieselError::DatabaseError(DatabaseErrorKind::UnableToSendCommand, Box::new(words))
}

/// Whether the database has not answered: another connection would wait as long.
pub(crate) fn is_silence(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(_, it) if it.message().starts_with(SILENT))
}

fn is_closed(error: &DieselError) -> bool {
    matches!(
        at_commit(error),
        // The second is what diesel-async says of every error that PostgreSQL did not send.
        DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
            _,
        )
    )
}

/// What a commit met with, of an error that says that it could not be taken back either. SQLite has
/// taken it back by then, and PostgreSQL will.
fn at_commit(error: &DieselError) -> &DieselError {
    match error {
        DieselError::RollbackErrorOnCommit { commit_error, .. } => commit_error,
        error => error,
    }
}

const SILENT: &str = "the database has not answered within";

/// How PostgreSQL words the end of a connection that it ends itself.
const ENDED: &str = "terminating connection";

/// How the databases word a query that they gave up; neither driver hands out a code for these.
const GIVEN_UP: [&str; 7] = [
    "canceling statement",
    ENDED,
    "database is locked",
    "database or disk is full",
    "disk I/O error",
    // Of SQLite, which takes a transaction back by itself when the disk fails.
    "no transaction is active",
    "connection closed",
];

impl From<DieselError> for DatabaseError {
    fn from(error: DieselError) -> Self {
        let is_unavailable = gave_up(&error);
        let error = Arc::new(error);
        if is_unavailable { Self::Unavailable(error) } else { Self::Refused(error) }
    }
}

fn gave_up(error: &DieselError) -> bool {
    match at_commit(error) {
        DieselError::DatabaseError(kind, details) => {
            matches!(
                kind,
                DatabaseErrorKind::ClosedConnection
                    | DatabaseErrorKind::UnableToSendCommand
                    | DatabaseErrorKind::SerializationFailure
                    | DatabaseErrorKind::ReadOnlyTransaction
            ) || GIVEN_UP.iter().any(|words| details.message().contains(words))
        }
        DieselError::BrokenTransactionManager => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: DatabaseErrorKind, message: &str, unavailable: bool) {
        let error = DieselError::DatabaseError(kind, Box::new(message.to_owned()));
        let verdict = matches!(DatabaseError::from(error), DatabaseError::Unavailable(_));
        assert_eq!(verdict, unavailable, "{message}");
    }

    #[test]
    fn a_write_whose_connection_broke_is_in_doubt_and_one_that_was_given_up_is_not() {
        let of_write = |kind, message: &str| {
            let error = DieselError::DatabaseError(kind, Box::new(message.to_owned()));
            matches!(DatabaseError::of_write(error), DatabaseError::InDoubt)
        };
        assert!(of_write(DatabaseErrorKind::UnableToSendCommand, "connection closed"));
        assert!(of_write(DatabaseErrorKind::ClosedConnection, ""));
        assert!(!of_write(DatabaseErrorKind::Unknown, "canceling statement due to lock timeout"));
        assert!(!of_write(DatabaseErrorKind::UniqueViolation, "duplicate key"));
    }

    #[test]
    fn a_query_is_broken_off_by_the_end_of_its_connection_and_not_by_its_own() {
        let broken_off = |kind, message: &str| {
            is_broken_off(&DieselError::DatabaseError(kind, Box::new(message.to_owned())))
        };
        assert!(broken_off(DatabaseErrorKind::ClosedConnection, ""));
        assert!(broken_off(DatabaseErrorKind::UnableToSendCommand, "connection closed"));
        let ended = "terminating connection due to administrator command";
        assert!(broken_off(DatabaseErrorKind::Unknown, ended));
        let timeout = "canceling statement due to statement timeout";
        assert!(!broken_off(DatabaseErrorKind::Unknown, timeout));
    }

    #[test]
    fn a_commit_that_could_not_be_taken_back_either_failed_for_its_own_reason() {
        let error = |message: &str| {
            Box::new(DieselError::DatabaseError(
                DatabaseErrorKind::Unknown,
                Box::new(message.to_owned()),
            ))
        };
        let at_commit = |reason| DieselError::RollbackErrorOnCommit {
            commit_error: error(reason),
            rollback_error: error("cannot rollback - no transaction is active"),
        };
        let full = at_commit("database or disk is full");
        assert!(matches!(DatabaseError::of_write(full), DatabaseError::Unavailable(_)));
        let bug = at_commit("FOREIGN KEY constraint failed");
        assert!(matches!(DatabaseError::of_write(bug), DatabaseError::Refused(_)));
    }

    #[test]
    fn a_database_that_gave_up_is_unavailable_and_a_bad_query_is_not() {
        check(DatabaseErrorKind::ClosedConnection, "", true);
        check(DatabaseErrorKind::Unknown, "canceling statement due to statement timeout", true);
        check(DatabaseErrorKind::Unknown, "database is locked", true);
        check(DatabaseErrorKind::Unknown, "syntax error at or near \"SELEC\"", false);
        check(DatabaseErrorKind::UniqueViolation, "duplicate key", false);
    }
}
