//! What can go wrong between us and a database.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use pooling::PoolError;
use thiserror::Error;

/// Why a query was not carried out.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No connection was to be had.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The database went away, is read-only, or gave up waiting; another try may succeed.
    #[error("the database did not carry the query out")]
    Unavailable(#[source] DieselError),
    /// The database refused a query of ours: a bug.
    #[error("the database refused the query")]
    Refused(#[source] DieselError),
}

/// How the databases word a query that they gave up; neither driver hands out a code for these.
const GIVEN_UP: [&str; 5] = [
    "canceling statement",
    "terminating connection",
    "database is locked",
    "database or disk is full",
    "connection closed",
];

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        if gave_up(&error) { Self::Unavailable(error) } else { Self::Refused(error) }
    }
}

fn gave_up(error: &DieselError) -> bool {
    match error {
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
        let verdict = matches!(StoreError::from(error), StoreError::Unavailable(_));
        assert_eq!(verdict, unavailable, "{message}");
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
