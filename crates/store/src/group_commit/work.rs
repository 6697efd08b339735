//! What is committed in groups.

use std::hash::Hash;

use diesel::SqliteConnection;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::AsyncPgConnection;

/// Writes of one kind that are committed in groups.
///
/// Each lane has a clone of its own, so that it may remember what it wrote last.
pub trait Work: Clone + Send + 'static {
    /// What metrics and errors call it.
    const NAME: &'static str;

    /// One write.
    type Request: Send + Sync + 'static;

    /// What came of it.
    type Answer: Send + 'static;

    /// What keeps requests in order: those for which it is the same are carried out as they came.
    fn order(request: &Self::Request) -> impl Hash;

    /// Carries a group out in one transaction; one answer for each request, in their order.
    ///
    /// # Errors
    /// When nothing of the group was carried out, or it is unknown whether it was.
    fn on_postgres(
        &mut self,
        connection: &mut AsyncPgConnection,
        group: &[Self::Request],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, Setback>> + Send;

    /// The same on SQLite. The transaction has begun already, and is ended for it.
    ///
    /// # Errors
    /// When the transaction has to be rolled back.
    fn on_sqlite(
        &mut self,
        connection: &mut SqliteConnection,
        group: &[Self::Request],
    ) -> Result<Vec<Self::Answer>, Setback>;

    /// Hears of a group that is committed, before anybody is answered; in the order of the commits of
    /// its lane. Must not wait.
    fn committed(&self, group: &[Self::Request], answers: &[Self::Answer]) {
        let _ = (group, answers);
    }
}

/// Why a group was not carried out.
#[derive(Debug)]
pub enum Setback {
    /// Another transaction came in between; the same group will succeed when it is tried again.
    Again,
    /// The database refused it, or went away.
    Database(DieselError),
}

impl From<DieselError> for Setback {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => Self::Again,
            DieselError::DatabaseError(_, details) if details.message() == "deadlock detected" => {
                Self::Again
            }
            _ => Self::Database(error),
        }
    }
}
