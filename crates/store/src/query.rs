//! What it takes for a query value to run on both databases.

use diesel::query_dsl::LoadQuery as InPlace;
use diesel::{QueryResult, SqliteConnection};
use diesel_async::AsyncPgConnection;
use diesel_async::methods::{ExecuteDsl, LoadQuery};

use crate::sqlite::SqliteSession;

/// A query that gives rows of `U`, on either database.
///
/// Implemented for every Diesel query that both can run; `'q` is how long its binds are borrowed.
pub trait Fetch<'q, U>:
    LoadQuery<'q, AsyncPgConnection, U>
    + LoadQuery<'q, SqliteSession, U>
    + InPlace<'q, SqliteConnection, U>
    + Clone
    + Send
    + 'q
{
}

impl<'q, U, Q> Fetch<'q, U> for Q where
    Q: LoadQuery<'q, AsyncPgConnection, U>
        + LoadQuery<'q, SqliteSession, U>
        + InPlace<'q, SqliteConnection, U>
        + Clone
        + Send
        + 'q
{
}

/// All rows that the query finds, on the connection of an SQLite transaction.
///
/// # Errors
/// When the database fails.
pub fn fetch_all_in_place<'q, U>(
    connection: &mut SqliteConnection,
    query: impl Fetch<'q, U>,
) -> QueryResult<Vec<U>> {
    InPlace::internal_load(query, connection)?.collect()
}

/// The one row that the query finds, if any, on the connection of an SQLite transaction.
///
/// # Errors
/// When the database fails.
pub fn fetch_in_place<'q, U>(
    connection: &mut SqliteConnection,
    query: impl Fetch<'q, U>,
) -> QueryResult<Option<U>> {
    InPlace::internal_load(query, connection)?.next().transpose()
}

/// A statement that gives no rows, on either database.
pub trait Execute: ExecuteDsl<AsyncPgConnection> + ExecuteDsl<SqliteSession> + Send {}

impl<Q> Execute for Q where Q: ExecuteDsl<AsyncPgConnection> + ExecuteDsl<SqliteSession> + Send {}
