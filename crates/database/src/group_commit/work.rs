//! What is committed in groups.

use std::hash::Hash;

use diesel::SqliteConnection;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::AsyncPgConnection;
use futures::future::BoxFuture;

use super::link::Link;
use crate::error::is_broken_off;

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

    /// Prepares a group for PostgreSQL as if everything before it had been carried out, so that it is
    /// sent while the group before it still commits. Nothing, when the database has to be asked first.
    ///
    /// When a group fails, its lane forgets all that was foreseen. What is on its way by then finds out by
    /// its [`Link`], and asks to be tried again.
    fn foresee(&mut self, group: &[Self::Request]) -> Option<Foreseen<Self::Answer>> {
        let _ = group;
        None
    }

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

/// Carries out a group of which it is known what will come of it, with one statement that has the
/// condition of the link and leaves its mark. It fails as [`Work::on_postgres`] does.
pub type Foreseen<A> = Box<
    dyn for<'c> FnOnce(&'c AsyncPgConnection, Link) -> BoxFuture<'c, Result<Vec<A>, Setback>>
        + Send,
>;

/// Why a group was not carried out.
#[derive(Debug)]
pub enum Setback {
    /// Another transaction came in between; the same group will succeed when it is tried again.
    Again,
    /// The database refused it, or went away.
    Database(DieselError),
}

impl Setback {
    /// Whether it was the end of the connection.
    pub(super) fn is_broken_off(&self) -> bool {
        matches!(self, Self::Database(error) if is_broken_off(error))
    }
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
