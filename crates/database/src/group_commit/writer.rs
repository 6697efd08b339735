//! The interface of writes that are committed in groups.

use std::hash::Hash;

use diesel::SqliteConnection;
use diesel::result::Error as DieselError;
use diesel_async::AsyncPgConnection;
use futures::future::BoxFuture;

use super::link::Link;
use crate::error::{ends_connection, is_retryable};

/// Writes of one kind that are committed in groups.
///
/// Each lane has a clone of its own, so a writer may cache what it wrote last. A lane replaces its clone
/// by a fresh one when a transaction was rolled back.
pub trait GroupWriter: Clone + Send + 'static {
    /// The name of this kind in metrics, logs and errors.
    const NAME: &'static str;

    /// One write.
    type Request: Send + Sync + 'static;

    /// The outcome of one write.
    type Answer: Send + 'static;

    /// The ordering key: requests with the same key are carried out in the order of their arrival.
    fn order(request: &Self::Request) -> impl Hash;

    /// Whether a request writes so much that the others of its group wait for it noticeably. A group has one
    /// such request at most.
    fn is_large(request: &Self::Request) -> bool {
        let _ = request;
        false
    }

    /// Prepares a group for PostgreSQL as if every group before it had been committed, so that it can be
    /// sent while the previous group still commits. `None` when the database has to be read first.
    ///
    /// When a group fails, its lane resets the writer. Groups that were sent after it fail by their
    /// [`Link`] and are retried.
    fn prepare_ahead(&mut self, group: &[Self::Request]) -> Option<Prepared<Self::Answer>> {
        let _ = group;
        None
    }

    /// Carries a group out in one transaction; one answer for each request, in their order.
    ///
    /// # Errors
    /// When nothing of the group was committed, or it is unknown whether it was.
    fn on_postgres(
        &mut self,
        connection: &mut AsyncPgConnection,
        group: &[Self::Request],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, GroupError>> + Send;

    /// The same on SQLite, inside a transaction that the lane begins and ends.
    ///
    /// # Errors
    /// When the transaction has to be rolled back.
    fn on_sqlite(
        &mut self,
        connection: &mut SqliteConnection,
        group: &[Self::Request],
    ) -> Result<Vec<Self::Answer>, GroupError>;

    /// Called after each commit and before its requests are answered, in the order of the commits of
    /// the lane. Must not block.
    fn committed(&self, group: &[Self::Request], answers: &[Self::Answer]) {
        let _ = (group, answers);
    }
}

/// Commits a prepared group with one statement that includes the link's condition and its mark. Fails as
/// [`GroupWriter::on_postgres`] does.
pub type Prepared<A> = Box<
    dyn for<'c> FnOnce(&'c AsyncPgConnection, Link) -> BoxFuture<'c, Result<Vec<A>, GroupError>>
        + Send,
>;

/// The reason why a group was not committed.
#[derive(Debug)]
pub enum GroupError {
    /// A conflict with another transaction; the same group succeeds when it is retried.
    Retry,
    /// The database refused the group, or became unavailable.
    Database(DieselError),
}

impl GroupError {
    /// Whether the connection ended.
    pub(super) fn ends_connection(&self) -> bool {
        matches!(self, Self::Database(error) if ends_connection(error))
    }
}

impl From<DieselError> for GroupError {
    fn from(error: DieselError) -> Self {
        if is_retryable(&error) { Self::Retry } else { Self::Database(error) }
    }
}
