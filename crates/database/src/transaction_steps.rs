//! Transactions of several steps, each of which depends on the one before.

use std::panic::Location;

use diesel::QueryResult;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection as _};

use crate::error::DatabaseError;
use crate::pool::Pool;
use crate::query::{Execute, Fetch};
use crate::sqlite::SqliteSession;

/// An open transaction of [`Db::transaction`](crate::Db::transaction).
///
/// A statement that fails fails the transaction, whatever is made of its error.
pub struct Transaction<'a> {
    session: Session<'a>,
    place: &'static Location<'static>,
    failure: Option<DatabaseError>,
}

/// The connection, and its pool, which limits and logs the time of statements.
enum Session<'a> {
    Postgres(&'a Pool<AsyncPgConnection>, &'a mut AsyncPgConnection),
    Sqlite(&'a Pool<SqliteSession>, &'a mut SqliteSession),
}

/// A transaction that ended.
pub(crate) struct Done<T, E> {
    pub(crate) outcome: Result<T, E>,
    /// Whether the connection can be used again.
    pub(crate) is_usable: bool,
}

/// Runs a statement on either connection.
macro_rules! run {
    ($transaction:expr, |$connection:ident| $query:expr) => {{
        let Transaction { session, place, failure } = $transaction;
        let outcome = match session {
            Session::Postgres(pool, connection) => {
                let $connection = &mut **connection;
                pool.run(place, $query).await
            }
            Session::Sqlite(pool, connection) => {
                let $connection = &mut **connection;
                pool.run(place, $query).await
            }
        };
        outcome.map_err(|error| {
            let error = DatabaseError::from(error);
            failure.get_or_insert_with(|| error.clone());
            error
        })
    }};
}

impl<'a> Transaction<'a> {
    pub(crate) fn on_postgres(
        pool: &'a Pool<AsyncPgConnection>,
        connection: &'a mut AsyncPgConnection,
        place: &'static Location<'static>,
    ) -> Self {
        Self { session: Session::Postgres(pool, connection), place, failure: None }
    }

    pub(crate) fn on_sqlite(
        pool: &'a Pool<SqliteSession>,
        connection: &'a mut SqliteSession,
        place: &'static Location<'static>,
    ) -> Self {
        Self { session: Session::Sqlite(pool, connection), place, failure: None }
    }

    /// All rows that the statement finds or writes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn fetch_all<'q, U: Send + 'q>(
        &mut self,
        query: impl Fetch<'q, U>,
    ) -> Result<Vec<U>, DatabaseError> {
        run!(self, |connection| RunQueryDsl::get_results(query, connection))
    }

    /// The one row that the statement finds or writes, if any.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn fetch_one<'q, U: Send + 'q>(
        &mut self,
        query: impl Fetch<'q, U>,
    ) -> Result<Option<U>, DatabaseError> {
        Ok(self.fetch_all(query).await?.into_iter().next())
    }

    /// Executes a statement; returns the number of affected rows.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn execute(&mut self, statement: impl Execute) -> Result<usize, DatabaseError> {
        run!(self, |connection| RunQueryDsl::execute(statement, connection))
    }

    /// Begins, runs `body`, and commits or rolls back.
    pub(crate) async fn run<T, E: From<DatabaseError>>(
        mut self,
        body: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Done<T, E> {
        let begin = match self.session {
            Session::Postgres(..) => "BEGIN",
            // One that begins with a read could not become a writer once another process has written.
            Session::Sqlite(..) => "BEGIN IMMEDIATE",
        };
        if let Err(error) = self.control(begin).await {
            return Done { outcome: Err(DatabaseError::from(error).into()), is_usable: false };
        }
        let outcome = body(&mut self).await;
        let outcome = match (outcome, self.failure.take()) {
            (Ok(_), Some(failure)) => Err(failure.into()),
            (outcome, _) => outcome,
        };
        match outcome {
            Err(error) => {
                let is_usable = self.control("ROLLBACK").await.is_ok();
                Done { outcome: Err(error), is_usable }
            }
            Ok(value) => match self.control("COMMIT").await {
                Ok(()) => Done { outcome: Ok(value), is_usable: true },
                Err(error) => {
                    Done { outcome: Err(DatabaseError::of_write(error).into()), is_usable: false }
                }
            },
        }
    }

    async fn control(&mut self, statement: &str) -> QueryResult<()> {
        match &mut self.session {
            Session::Postgres(pool, connection) => {
                pool.run(self.place, connection.batch_execute(statement)).await
            }
            Session::Sqlite(pool, connection) => {
                pool.run(self.place, connection.batch_execute(statement)).await
            }
        }
    }
}
