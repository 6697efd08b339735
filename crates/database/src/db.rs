//! The database in use, and the few ways to run a query on it.

use std::panic::Location;
use std::time::{Duration, Instant};

use diesel::sql_types::Integer;
use diesel::{ConnectionError, IntoSql, OptionalExtension, QueryResult};
use diesel_async::methods::LoadQuery;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, TransactionManager};
use futures::join;
use pooling::{Limits, PoolError};
use scopeguard::ScopeGuard;
use settings::DatabaseUrl;
use tokio::runtime::Handle;

use crate::error::{is_broken_off, is_silence};
use crate::pool::{self, Figures, Pool};
use crate::sqlite::{Seat, SqliteSession};
use crate::{DatabaseError, Execute, Fetch, Follow, Follows, postgres, sqlite};

/// The database in use. Cloning it shares its pools.
#[derive(Clone)]
pub enum Db {
    /// A PostgreSQL server.
    Postgres {
        /// Connections that requests use, one statement at a time.
        pool: Pool<AsyncPgConnection>,
        /// Connections that commit groups, apart so that a flood of reads holds up no save.
        lanes: Pool<AsyncPgConnection>,
    },
    /// An SQLite file.
    Sqlite {
        /// Connections that only read.
        read: Pool<SqliteSession>,
        /// The one connection that writes.
        write: Pool<SqliteSession>,
    },
}

/// Runs a query on the side of the database that `$side` names.
macro_rules! run {
    ($db:expr, $side:ident, $place:expr, |$connection:ident| $query:expr) => {
        match $db {
            Db::Postgres { pool, .. } => {
                let mut lent = pool.get().await.map_err(PoolError::from)?;
                let $connection = &mut *lent;
                let outcome = pool.watch($place, $query).await;
                pool::give_back(lent, outcome)
            }
            Db::Sqlite { $side, .. } => {
                let mut lent = pool::lent($side.get().await.map_err(PoolError::from)?);
                let $connection = &mut **lent;
                let outcome = $side.watch($place, $query).await;
                pool::give_back(ScopeGuard::into_inner(lent), outcome)
            }
        }
    };
}

/// Runs a query that only reads, and once more when its connection broke: it has changed nothing, and
/// another connection may work.
macro_rules! read {
    ($db:expr, $place:expr, $method:path, $query:expr) => {{
        let (first, second) = ($query.clone(), $query);
        match run!($db, read, $place, |connection| $method(first, connection)) {
            Err(error) if is_broken_off(&error) && !is_silence(&error) => {
                run!($db, read, $place, |connection| $method(second, connection))
            }
            outcome => outcome,
        }
    }};
}

impl Db {
    /// Opens the database of the settings. Nothing connects before the first query, or [`Self::connect`].
    ///
    /// Connections and their blocking work live on `runtime`.
    ///
    /// # Errors
    /// When a pool cannot be built.
    pub fn open(settings: &settings::Database, runtime: &Handle) -> Result<Self, ConnectionError> {
        let slow = Duration::from_millis(settings.slow_query_ms);
        match &settings.url {
            DatabaseUrl::Postgres(_) => {
                let url = settings.url.expose();
                // Longer than the server lets a statement take, and a statement that waits for another.
                let silent = Duration::from_millis(2 * settings.statement_timeout_ms);
                let pool = |name, size, plans| {
                    let limits = Limits::of(settings, size);
                    let pool = postgres::pool(&url, settings, limits, runtime.clone(), plans);
                    pool.map(|it| Pool::of(name, it, slow).answering_within(silent))
                };
                let lanes = pool("lanes", settings.write_lanes, postgres::BY_KEY)?;
                let pool = pool("pool", settings.pool_size, "")?;
                Ok(Self::Postgres { pool, lanes })
            }
            DatabaseUrl::Sqlite(path) => {
                let pool = |name, size, seat| {
                    let limits = Limits::of(settings, size);
                    let pool = sqlite::pool(path, settings.busy_timeout_ms, limits, seat);
                    pool.map(|it| Pool::of(name, it, slow))
                };
                Ok(Self::Sqlite {
                    read: pool("read", settings.sqlite_readers, Seat::Inline)?,
                    write: pool("write", 1, Seat::Aside(runtime.clone()))?,
                })
            }
        }
    }

    /// The one row that the query finds, if any. A query whose connection breaks is asked once more.
    #[track_caller]
    pub fn read_one<'q, U: Send + 'q>(
        &self,
        query: impl Fetch<'q, U>,
    ) -> impl Future<Output = Result<Option<U>, DatabaseError>> + Send {
        let place = Location::caller();
        async move { Ok(read!(self, place, RunQueryDsl::get_result, query).optional()?) }
    }

    /// All rows that the query finds. A query whose connection breaks is asked once more.
    #[track_caller]
    pub fn read_all<'q, U: Send + 'q>(
        &self,
        query: impl Fetch<'q, U>,
    ) -> impl Future<Output = Result<Vec<U>, DatabaseError>> + Send {
        let place = Location::caller();
        async move { Ok(read!(self, place, RunQueryDsl::get_results, query)?) }
    }

    /// Carries out a change that returns the row it made, if it made one.
    #[track_caller]
    pub fn write_one<'q, U: Send + 'q>(
        &self,
        query: impl Fetch<'q, U>,
    ) -> impl Future<Output = Result<Option<U>, DatabaseError>> + Send {
        let place = Location::caller();
        async move {
            let row =
                run!(self, write, place, |connection| RunQueryDsl::get_result(query, connection));
            row.optional().map_err(DatabaseError::of_write)
        }
    }

    /// Carries out a change; gives the number of rows it touched.
    #[track_caller]
    pub fn write(
        &self,
        statement: impl Execute,
    ) -> impl Future<Output = Result<usize, DatabaseError>> + Send {
        let place = Location::caller();
        async move {
            run!(self, write, place, |connection| RunQueryDsl::execute(statement, connection))
                .map_err(DatabaseError::of_write)
        }
    }

    /// Carries out a change that returns the rows it made and, in the same transaction, what `then` says
    /// that follows from them: all or nothing.
    #[track_caller]
    pub fn write_and<'q, U: Send + 'q, F: Follows>(
        &self,
        change: impl Fetch<'q, U>,
        then: impl FnOnce(&[U]) -> F + Send,
    ) -> impl Future<Output = Result<Vec<U>, DatabaseError>> + Send {
        let place = Location::caller();
        async move {
            run!(self, write, place, |connection| all(connection, change, then))
                .map_err(DatabaseError::of_write)
        }
    }

    /// Asks the database for the number 1, and measures how long that takes.
    pub async fn probe(&self) -> Result<Probe, DatabaseError> {
        let one = diesel::select(1_i32.into_sql::<Integer>());
        let start = Instant::now();
        let (answer, wait) = run!(self, read, Location::caller(), |connection| async {
            let wait = start.elapsed();
            let answer = RunQueryDsl::get_result::<i32>(one, connection).await?;
            QueryResult::Ok((answer, wait))
        })?;
        Ok(Probe { answer, wait, total: start.elapsed() })
    }

    /// Opens all connections to PostgreSQL that the settings allow, side by side. Opening SQLite's file
    /// takes no time.
    pub async fn connect(&self) {
        if let Self::Postgres { pool, lanes } = self {
            join!(pool.fill(), lanes.fill());
        }
    }

    /// How long somebody who reads waits for a connection.
    pub(crate) fn patience(&self) -> Duration {
        match self {
            Self::Postgres { pool, .. } => pool.patience(),
            Self::Sqlite { read, .. } => read.patience(),
        }
    }

    /// What the pool that requests read from looks like at this moment.
    pub fn figures(&self) -> Figures {
        match self {
            Self::Postgres { pool, .. } => pool.figures(),
            Self::Sqlite { read, .. } => read.figures(),
        }
    }

    /// Puts all pools at this moment among the metrics.
    pub fn measure(&self) {
        match self {
            Self::Postgres { pool, lanes } => [pool, lanes].map(Pool::measure),
            Self::Sqlite { read, write } => [read, write].map(Pool::measure),
        };
    }

    /// Logs a group commit that took too long, by the name of its work.
    pub(crate) fn judge_commit(&self, time: Duration, work: &'static str) {
        match self {
            Self::Postgres { lanes, .. } => lanes.judge(time, &work),
            Self::Sqlite { write, .. } => write.judge(time, &work),
        }
    }
}

/// A change and what follows from it, in one transaction. Should nobody wait for it any more, its
/// connection is given up in the middle of it, which rolls it back.
async fn all<'q, C: AsyncConnection, U: Send + 'q, F: Follow<C>>(
    connection: &mut C,
    change: impl LoadQuery<'q, C, U> + Send + 'q,
    then: impl FnOnce(&[U]) -> F + Send,
) -> QueryResult<Vec<U>> {
    C::TransactionManager::begin_transaction(connection).await?;
    let outcome = one_after_the_other(connection, change, then).await;
    match outcome {
        Ok(_) => C::TransactionManager::commit_transaction(connection).await?,
        // Should that fail as well, the connection is given up.
        Err(_) => drop(C::TransactionManager::rollback_transaction(connection).await),
    }
    outcome
}

async fn one_after_the_other<'q, C: AsyncConnection, U: Send + 'q, F: Follow<C>>(
    connection: &mut C,
    change: impl LoadQuery<'q, C, U> + Send + 'q,
    then: impl FnOnce(&[U]) -> F + Send,
) -> QueryResult<Vec<U>> {
    let rows: Vec<U> = RunQueryDsl::get_results(change, connection).await?;
    then(&rows).follow(connection).await?;
    Ok(rows)
}

/// How the database answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The number 1.
    pub answer: i32,
    /// How long a connection took to come.
    pub wait: Duration,
    /// From asking for a connection to the answer.
    pub total: Duration,
}
