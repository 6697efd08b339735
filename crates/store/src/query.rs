//! What it takes for a query value to run on both databases.

use diesel_async::AsyncPgConnection;
use diesel_async::methods::{ExecuteDsl, LoadQuery};

use crate::sqlite::SqliteSession;

/// A query that gives rows of `U`, on either database.
///
/// Implemented for every Diesel query that both can run; `'q` is how long its binds are borrowed.
pub trait Fetch<'q, U>:
    LoadQuery<'q, AsyncPgConnection, U> + LoadQuery<'q, SqliteSession, U> + Send + 'q
{
}

impl<'q, U, Q> Fetch<'q, U> for Q where
    Q: LoadQuery<'q, AsyncPgConnection, U> + LoadQuery<'q, SqliteSession, U> + Send + 'q
{
}

/// A statement that gives no rows, on either database.
pub trait Execute: ExecuteDsl<AsyncPgConnection> + ExecuteDsl<SqliteSession> + Send {}

impl<Q> Execute for Q where Q: ExecuteDsl<AsyncPgConnection> + ExecuteDsl<SqliteSession> + Send {}
