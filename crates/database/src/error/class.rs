//! The classes of database errors: one table of codes for both databases.
//!
//! PostgreSQL: SQLSTATE (appendix A of its documentation). Its messages are translated, and diesel-async
//! hands out the SQLSTATE of eight errors only, so connections record the SQLSTATE of each message that the
//! server sends ([`record_sqlstate`]). Where a connection cannot, as on a Unix socket, the English message
//! decides.
//!
//! SQLite: primary result codes. Diesel hands out the message, which is never translated, and there is one
//! for each code (`sqlite3ErrStr` in its `main.c`); SQLite is built in, so that the messages are those of
//! its version.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// What an error means for a query and its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Another transaction conflicts with this one; a retry of the same transaction succeeds.
    Conflict,
    /// The query was rolled back or never executed; a retry may succeed.
    Unavailable,
    /// As [`Class::Unavailable`], and the server ended the connection.
    Terminated,
    /// The connection was lost; whether the query was executed is unknown.
    Disconnected,
    /// The query is at fault.
    Refused,
}

/// PostgreSQL: SQLSTATE or its class (the first two characters), the English message (its beginning), and
/// what it means. The first match counts.
const POSTGRES: [(&str, &str, Class); 10] = [
    ("40P01", "deadlock detected", Class::Conflict),
    ("55P03", "canceling statement due to lock timeout", Class::Unavailable),
    ("57014", "canceling statement due to", Class::Unavailable),
    ("25P03", "terminating connection due to idle-in-transaction timeout", Class::Terminated),
    ("25P04", "terminating connection due to transaction timeout", Class::Terminated),
    ("57P03", "the database system is", Class::Terminated),
    // Also what PgBouncer reports when it loses its server in the middle of a statement.
    ("08", "terminating connection because protocol synchronization was lost", Class::Disconnected),
    ("57P", "terminating connection", Class::Terminated),
    // Disk full, out of memory, too many connections, a limit of the configuration.
    ("53", "could not extend file", Class::Unavailable),
    // I/O errors, missing files.
    ("58", "could not access file", Class::Unavailable),
];

/// SQLite: primary result code, its message, and what it means.
const SQLITE: [(u8, &str, Class); 11] = [
    (5, "database is locked", Class::Unavailable),
    (6, "database table is locked", Class::Unavailable),
    (7, "out of memory", Class::Unavailable),
    (8, "attempt to write a readonly database", Class::Unavailable),
    (9, "interrupted", Class::Unavailable),
    (10, "disk I/O error", Class::Unavailable),
    (13, "database or disk is full", Class::Unavailable),
    (14, "unable to open database file", Class::Unavailable),
    (15, "locking protocol", Class::Unavailable),
    // A disk error rolls the transaction back; the statements after it find none.
    (1, "cannot commit - no transaction is active", Class::Unavailable),
    (1, "cannot rollback - no transaction is active", Class::Unavailable),
];

impl Class {
    pub(super) fn of(error: &DieselError) -> Self {
        match commit_error(error) {
            DieselError::BrokenTransactionManager => Self::Unavailable,
            DieselError::DatabaseError(kind, details) => match kind {
                // diesel-async: every error that PostgreSQL did not send.
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                    Self::Disconnected
                }
                DatabaseErrorKind::SerializationFailure => Self::Conflict,
                DatabaseErrorKind::ReadOnlyTransaction => Self::Unavailable,
                DatabaseErrorKind::Unknown => Self::of_message(details.message()),
                _ => Self::Refused,
            },
            _ => Self::Refused,
        }
    }

    fn of_message(message: &str) -> Self {
        recorded(message)
            .or_else(|| SQLITE.iter().find(|it| it.1 == message).map(|it| it.2))
            .or_else(|| POSTGRES.iter().find(|it| message.starts_with(it.1)).map(|it| it.2))
            .unwrap_or(Self::Refused)
    }

    fn of_sqlstate(code: &str) -> Self {
        POSTGRES.iter().find(|it| code.starts_with(it.0)).map_or(Self::Refused, |it| it.2)
    }
}

/// The error of the commit when the rollback after it failed as well: SQLite has rolled back by then, and
/// PostgreSQL will.
fn commit_error(error: &DieselError) -> &DieselError {
    match error {
        DieselError::RollbackErrorOnCommit { commit_error, .. } => commit_error,
        error => error,
    }
}

/// Messages that are remembered: an error is classified right after it was received.
const RECORDED_MAX: usize = 256;

static RECORDED: Mutex<Recorded> = Mutex::new(Recorded(VecDeque::new()));

/// The classes of the messages that PostgreSQL sent, the newest last.
struct Recorded(VecDeque<(String, Class)>);

impl Recorded {
    fn push(&mut self, message: &str, class: Class) {
        if let Some(index) = self.0.iter().position(|it| it.0 == message) {
            self.0.remove(index);
        } else if self.0.len() == RECORDED_MAX {
            self.0.pop_front();
        }
        self.0.push_back((message.to_owned(), class));
    }

    fn class(&self, message: &str) -> Option<Class> {
        self.0.iter().rev().find(|it| it.0 == message).map(|it| it.1)
    }
}

/// Records the SQLSTATE that PostgreSQL sent with a message.
pub(crate) fn record_sqlstate(code: &str, message: &str) {
    let class = Class::of_sqlstate(code);
    RECORDED.lock().unwrap_or_else(PoisonError::into_inner).push(message, class);
}

fn recorded(message: &str) -> Option<Class> {
    RECORDED.lock().unwrap_or_else(PoisonError::into_inner).class(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{DatabaseError, ends_connection, is_retryable};

    fn error(kind: DatabaseErrorKind, message: &str) -> DieselError {
        DieselError::DatabaseError(kind, Box::new(message.to_owned()))
    }

    #[track_caller]
    fn check(kind: DatabaseErrorKind, message: &str, class: Class) {
        assert_eq!(Class::of(&error(kind, message)), class, "{message}");
    }

    #[test]
    fn a_message_is_classified_by_its_sqlstate_in_any_language() {
        check(DatabaseErrorKind::Unknown, "Verklemmung entdeckt", Class::Refused);
        record_sqlstate("40P01", "Verklemmung entdeckt");
        check(DatabaseErrorKind::Unknown, "Verklemmung entdeckt", Class::Conflict);
        record_sqlstate("57P01", "breche Verbindung ab aufgrund von Anweisung des Administrators");
        check(
            DatabaseErrorKind::Unknown,
            "breche Verbindung ab aufgrund von Anweisung des Administrators",
            Class::Terminated,
        );
        record_sqlstate("42601", "deadlock detected, says a trigger");
        check(DatabaseErrorKind::Unknown, "deadlock detected, says a trigger", Class::Refused);
    }

    #[test]
    fn the_least_recently_sent_message_is_evicted_first() {
        let mut recorded = Recorded(VecDeque::new());
        recorded.push("the first", Class::Conflict);
        recorded.push("the second", Class::Conflict);
        for number in 2..RECORDED_MAX {
            recorded.push(&format!("number {number}"), Class::Conflict);
        }
        recorded.push("the first", Class::Conflict);
        recorded.push("one more", Class::Conflict);
        assert_eq!(recorded.class("the first"), Some(Class::Conflict));
        assert_eq!(recorded.class("the second"), None);
    }

    #[test]
    fn terminated_and_lost_connections_are_distinguished() {
        assert_eq!(Class::of_sqlstate("57P01"), Class::Terminated);
        assert_eq!(Class::of_sqlstate("25P04"), Class::Terminated);
        assert_eq!(Class::of_sqlstate("08P01"), Class::Disconnected);
        assert_eq!(Class::of_sqlstate("40003"), Class::Refused);
    }

    #[test]
    fn every_message_is_found() {
        for (_, message, class) in SQLITE {
            check(DatabaseErrorKind::Unknown, message, class);
        }
        for (code, message, class) in POSTGRES {
            check(DatabaseErrorKind::Unknown, message, class);
            assert_eq!(Class::of_sqlstate(code), class, "{code}");
        }
    }

    #[test]
    fn a_write_whose_connection_was_lost_is_in_doubt_and_a_cancelled_one_is_not() {
        let is_in_doubt = |kind, message: &str| {
            matches!(DatabaseError::of_write(error(kind, message)), DatabaseError::InDoubt)
        };
        assert!(is_in_doubt(DatabaseErrorKind::UnableToSendCommand, "connection closed"));
        assert!(is_in_doubt(DatabaseErrorKind::ClosedConnection, ""));
        assert!(!is_in_doubt(
            DatabaseErrorKind::Unknown,
            "canceling statement due to lock timeout"
        ));
        assert!(!is_in_doubt(DatabaseErrorKind::UniqueViolation, "duplicate key"));
    }

    #[test]
    fn a_connection_is_ended_by_its_loss_and_not_by_a_timeout() {
        let ends = |kind, message: &str| ends_connection(&error(kind, message));
        assert!(ends(DatabaseErrorKind::ClosedConnection, ""));
        assert!(ends(DatabaseErrorKind::UnableToSendCommand, "connection closed"));
        assert!(ends(
            DatabaseErrorKind::Unknown,
            "terminating connection due to administrator command"
        ));
        assert!(!ends(DatabaseErrorKind::Unknown, "canceling statement due to statement timeout"));
    }

    #[test]
    fn a_commit_that_could_not_be_rolled_back_failed_for_its_own_reason() {
        let at_commit = |reason| DieselError::RollbackErrorOnCommit {
            commit_error: Box::new(error(DatabaseErrorKind::Unknown, reason)),
            rollback_error: Box::new(error(
                DatabaseErrorKind::Unknown,
                "cannot rollback - no transaction is active",
            )),
        };
        let full = at_commit("database or disk is full");
        assert!(matches!(DatabaseError::of_write(full), DatabaseError::Unavailable(_)));
        let bug = at_commit("FOREIGN KEY constraint failed");
        assert!(matches!(DatabaseError::of_write(bug), DatabaseError::Refused(_)));
    }

    #[test]
    fn constraints_and_syntax_errors_are_refused_and_conflicts_are_retried() {
        check(DatabaseErrorKind::Unknown, "syntax error at or near \"SELEC\"", Class::Refused);
        check(DatabaseErrorKind::UniqueViolation, "duplicate key", Class::Refused);
        assert!(is_retryable(&error(DatabaseErrorKind::SerializationFailure, "")));
        assert!(!is_retryable(&error(DatabaseErrorKind::Unknown, "database is locked")));
    }
}
