//! The traits of query values that run on both databases.

use diesel::pg::Pg;
use diesel::query_dsl::LoadQuery as InPlace;
use diesel::{QueryResult, Selectable, SqliteConnection};
use diesel_async::methods::{ExecuteDsl, LoadQuery};
use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::sqlite::SqliteSession;

/// A query that returns rows of `U`, on either database.
///
/// Implemented for every Diesel query that both can run; `'q` is the lifetime of its borrowed binds.
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

/// The columns of the row struct `R`, in its order, for `.select(…)` and `.returning(…)` on both databases.
///
/// `R::as_select()` would name one backend. The columns are the same on both, so those that
/// `#[derive(Selectable)]` gives for PostgreSQL are used everywhere:
///
/// ```ignore
/// #[derive(Insertable, Queryable, Selectable)]
/// #[diesel(table_name = sessions)]
/// struct SessionRow {
///     id: SessionId,
/// }
///
/// sessions::table.find(id).select(columns::<SessionRow>())
/// ```
pub fn columns<R: Selectable<Pg>>() -> R::SelectExpression {
    R::construct_selection()
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

/// A statement that returns no rows, on either database.
pub trait Execute: ExecuteDsl<AsyncPgConnection> + ExecuteDsl<SqliteSession> + Send {}

impl<Q> Execute for Q where Q: ExecuteDsl<AsyncPgConnection> + ExecuteDsl<SqliteSession> + Send {}

/// Statements that follow a change in its transaction: an optional one, or a pair.
pub trait Follow<C>: Send {
    /// Executes them.
    fn follow(self, connection: &mut C) -> impl Future<Output = QueryResult<()>> + Send;
}

impl<C: AsyncConnection, Q: ExecuteDsl<C> + Send> Follow<C> for Option<Q> {
    async fn follow(self, connection: &mut C) -> QueryResult<()> {
        match self {
            Some(statement) => Q::execute(statement, connection).await.map(drop),
            None => Ok(()),
        }
    }
}

impl<C: Send, A: Follow<C>, B: Follow<C>> Follow<C> for (A, B) {
    async fn follow(self, connection: &mut C) -> QueryResult<()> {
        self.0.follow(connection).await?;
        self.1.follow(connection).await
    }
}

/// Statements that can follow on either database.
pub trait Follows: Follow<AsyncPgConnection> + Follow<SqliteSession> {}

impl<F> Follows for F where F: Follow<AsyncPgConnection> + Follow<SqliteSession> {}

/// Lets a statement that is written by hand, of a type with one lifetime, be prepared once for any number of
/// rows: its text depends on its type alone. It returns rows of the given SQL types.
#[macro_export]
macro_rules! prepared_once {
    ($name:ident<'_>, $types:ty) => {
        impl ::diesel::query_builder::QueryId for $name<'_> {
            type QueryId = $name<'static>;

            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl ::diesel::query_builder::Query for $name<'_> {
            type SqlType = $types;
        }
    };
}
