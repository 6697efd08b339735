//! The database handle: an enum of pools that runs query values.

use std::panic::Location;
use std::time::{Duration, Instant};

use diesel::sql_types::Integer;
use diesel::{ConnectionError, IntoSql, OptionalExtension, QueryResult};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection as _};
use futures::join;
use metrics::gauge;
use pooling::{Limits, PoolError};
use scopeguard::ScopeGuard;
use settings::DatabaseUrl;
use tokio::runtime::Handle;

use crate::error::{DatabaseError, ends_connection, is_no_answer, wal_left};
use crate::pool::{self, Figures, Pool};
use crate::query::{Execute, Fetch, Follows};
use crate::sqlite::{DatabaseFile, RunOn, SqliteSession};
use crate::transaction::run_transaction;
use crate::transaction_steps::Transaction;
use crate::{postgres, sqlite};

/// The database in use. Cloning it shares its pools.
#[derive(Clone)]
pub enum Db {
    /// A PostgreSQL server.
    Postgres {
        /// Connections for requests, one statement at a time.
        pool: Pool<AsyncPgConnection>,
        /// Connections for group commits, separate so that a burst of reads delays no save.
        lanes: Pool<AsyncPgConnection>,
    },
    /// An SQLite file.
    Sqlite {
        /// Connections for reads.
        read: Pool<SqliteSession>,
        /// The one connection for writes.
        write: Pool<SqliteSession>,
        /// The file.
        file: DatabaseFile,
    },
}

/// Runs a query on SQLite's pool `$side`, or on PostgreSQL.
macro_rules! run {
    ($db:expr, $side:ident, $place:expr, |$connection:ident| $query:expr) => {
        match $db {
            Db::Postgres { pool, .. } => {
                let mut lent = pool.get().await.map_err(PoolError::from)?;
                let $connection = &mut *lent;
                let outcome = pool.run($place, $query).await;
                pool::give_back(lent, outcome)
            }
            Db::Sqlite { $side, .. } => {
                let mut lent = pool::lent($side.get().await.map_err(PoolError::from)?);
                let $connection = &mut **lent;
                let outcome = $side.run($place, $query).await;
                pool::give_back(ScopeGuard::into_inner(lent), outcome)
            }
        }
    };
}

/// Runs a read, and retries it once on another connection when its connection ended: a read has no
/// effects.
macro_rules! read {
    ($db:expr, $place:expr, $method:path, $query:expr) => {{
        let (first, second) = ($query.clone(), $query);
        match run!($db, read, $place, |connection| $method(first, connection)) {
            Err(error) if ends_connection(&error) && !is_no_answer(&error) => {
                run!($db, read, $place, |connection| $method(second, connection))
            }
            outcome => outcome,
        }
    }};
}

impl Db {
    /// Opens the database of the settings. Nothing connects before the first query, or [`Self::connect`].
    ///
    /// Connections and their blocking work run on `runtime`.
    ///
    /// # Errors
    /// When a pool cannot be built.
    pub fn open(settings: &settings::Database, runtime: &Handle) -> Result<Self, ConnectionError> {
        let slow = Duration::from_millis(settings.slow_query_ms);
        match &settings.url {
            DatabaseUrl::Postgres(_) => {
                let url = settings.url.expose();
                // Longer than the statement timeout of the server, twice in case a statement waits for another.
                let answer_timeout = Duration::from_millis(2 * settings.statement_timeout_ms);
                let breaker = postgres::breaker(&url, settings, runtime.clone());
                let pool = |name, size, plans| {
                    let limits = Limits::of(settings, size);
                    let pool = postgres::pool(&url, settings, limits, runtime.clone(), plans);
                    pool.map(|it| {
                        Pool::of(name, it, slow)
                            .with_answer_timeout(answer_timeout, breaker.clone())
                    })
                };
                let lanes = pool("lanes", settings.write_lanes, postgres::BY_KEY)?;
                let pool = pool("pool", settings.pool_size, "")?;
                Ok(Self::Postgres { pool, lanes })
            }
            DatabaseUrl::Sqlite(path) => {
                let file = DatabaseFile::at(path);
                let pool = |name, size, run_on| {
                    let limits = Limits::of(settings, size);
                    let pool = sqlite::pool(&file, settings.busy_timeout_ms, limits, run_on);
                    pool.map(|it| Pool::of(name, it, slow))
                };
                Ok(Self::Sqlite {
                    read: pool("read", settings.sqlite_readers, RunOn::Caller)?,
                    write: pool("write", 1, RunOn::BlockingThread(runtime.clone()))?,
                    file,
                })
            }
        }
    }

    /// The one row that the query finds, if any. Retried once when the connection ends.
    ///
    /// # Errors
    /// When no connection is available, or the database fails.
    #[track_caller]
    pub fn read_one<'q, U: Send + 'q>(
        &self,
        query: impl Fetch<'q, U>,
    ) -> impl Future<Output = Result<Option<U>, DatabaseError>> + Send {
        let place = Location::caller();
        async move { Ok(read!(self, place, RunQueryDsl::get_result, query).optional()?) }
    }

    /// All rows that the query finds. Retried once when the connection ends.
    ///
    /// # Errors
    /// When no connection is available, or the database fails.
    #[track_caller]
    pub fn read_all<'q, U: Send + 'q>(
        &self,
        query: impl Fetch<'q, U>,
    ) -> impl Future<Output = Result<Vec<U>, DatabaseError>> + Send {
        let place = Location::caller();
        async move { Ok(read!(self, place, RunQueryDsl::get_results, query)?) }
    }

    /// Executes a change that returns the row it wrote, if any.
    ///
    /// # Errors
    /// As [`Self::write`].
    #[track_caller]
    pub fn write_one<'q, U: Send + 'q>(
        &self,
        query: impl Fetch<'q, U>,
    ) -> impl Future<Output = Result<Option<U>, DatabaseError>> + Send {
        let place = Location::caller();
        async move {
            let row =
                run!(self, write, place, |connection| RunQueryDsl::get_result(query, connection));
            let row = row.optional().map_err(DatabaseError::of_write)?;
            self.check_file()?;
            Ok(row)
        }
    }

    /// Executes a change; returns the number of affected rows.
    ///
    /// # Errors
    /// When no connection is available, or the database fails; [`DatabaseError::InDoubt`] when the
    /// connection ended before the outcome was known.
    #[track_caller]
    pub fn write(
        &self,
        statement: impl Execute,
    ) -> impl Future<Output = Result<usize, DatabaseError>> + Send {
        let place = Location::caller();
        async move {
            let rows =
                run!(self, write, place, |connection| RunQueryDsl::execute(statement, connection))
                    .map_err(DatabaseError::of_write)?;
            self.check_file()?;
            Ok(rows)
        }
    }

    /// Executes a change that returns the rows it wrote, and in the same transaction the statements that
    /// `then` derives from them.
    ///
    /// # Errors
    /// As [`Self::write`].
    #[track_caller]
    pub fn write_and<'q, U: Send + 'q, F: Follows>(
        &self,
        change: impl Fetch<'q, U>,
        then: impl FnOnce(&[U]) -> F + Send,
    ) -> impl Future<Output = Result<Vec<U>, DatabaseError>> + Send {
        let place = Location::caller();
        async move {
            let rows =
                run!(self, write, place, |connection| run_transaction(connection, change, then))
                    .map_err(DatabaseError::of_write)?;
            self.check_file()?;
            Ok(rows)
        }
    }

    /// Runs `body` in one transaction: its effects are committed when it succeeds, and none of them
    /// otherwise. On SQLite it is the only writer meanwhile.
    ///
    /// # Errors
    /// Those of `body`. When no connection is available, or the database fails;
    /// [`DatabaseError::InDoubt`] when the connection ended before the outcome of the commit was known.
    #[track_caller]
    pub fn transaction<T, E: From<DatabaseError>>(
        &self,
        body: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> impl Future<Output = Result<T, E>> {
        let place = Location::caller();
        async move {
            match self {
                Self::Postgres { pool, .. } => {
                    let lent = pool.get().await.map_err(PoolError::from);
                    let mut lent = pool::lent(lent.map_err(DatabaseError::from)?);
                    let done = Transaction::on_postgres(pool, &mut lent, place).run(body).await;
                    pool::give_back_if(ScopeGuard::into_inner(lent), done.is_usable);
                    done.outcome
                }
                Self::Sqlite { write, .. } => {
                    let lent = write.get().await.map_err(PoolError::from);
                    let mut lent = pool::lent(lent.map_err(DatabaseError::from)?);
                    let done = Transaction::on_sqlite(write, &mut lent, place).run(body).await;
                    pool::give_back_if(ScopeGuard::into_inner(lent), done.is_usable);
                    let value = done.outcome?;
                    self.check_file()?;
                    Ok(value)
                }
            }
        }
    }

    /// Executes `SELECT 1` and measures its duration.
    ///
    /// # Errors
    /// When no connection is available, or the database fails.
    pub async fn probe(&self) -> Result<Probe, DatabaseError> {
        let one = diesel::select(1_i32.into_sql::<Integer>());
        let start = Instant::now();
        let (answer, wait) = run!(self, read, Location::caller(), |connection| async {
            let wait = start.elapsed();
            let answer = RunQueryDsl::get_result::<i32>(one, connection).await?;
            QueryResult::Ok((answer, wait))
        })?;
        self.check_file()?;
        Ok(Probe { answer, wait, total: start.elapsed() })
    }

    /// Fails when the SQLite file was removed or replaced. Checked after a write and before its answer, so
    /// that no write to a file that is gone is acknowledged.
    fn check_file(&self) -> Result<(), DatabaseError> {
        match self {
            Self::Postgres { .. } => Ok(()),
            Self::Sqlite { file, .. } => Ok(file.check()?),
        }
    }

    /// Closes an SQLite database after the last write, so that one file is left: the write-ahead log is
    /// written back and removed. On PostgreSQL there is nothing to do.
    ///
    /// # Errors
    /// When the log could not be written back; it must then be kept beside the file.
    pub async fn close(&self) -> Result<(), DatabaseError> {
        let Self::Sqlite { read, write, file } = self else { return Ok(()) };
        read.close();
        let mut session = write.get().await.map_err(PoolError::from)?;
        session.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        drop(session);
        write.close();
        if file.wal_bytes() > 0 { Err(wal_left().into()) } else { Ok(()) }
    }

    /// Opens all connections to PostgreSQL, concurrently. SQLite connections are opened on demand, which
    /// takes no time.
    pub async fn connect(&self) {
        if let Self::Postgres { pool, lanes } = self {
            join!(pool.fill(), lanes.fill());
        }
    }

    /// The time that a read waits for a connection at most.
    pub(crate) fn wait_timeout(&self) -> Duration {
        match self {
            Self::Postgres { pool, .. } => pool.wait_timeout(),
            Self::Sqlite { read, .. } => read.wait_timeout(),
        }
    }

    /// The current state of the pool for reads.
    pub fn figures(&self) -> Figures {
        match self {
            Self::Postgres { pool, .. } => pool.figures(),
            Self::Sqlite { read, .. } => read.figures(),
        }
    }

    /// Records the current state of all pools as metrics.
    pub fn record_metrics(&self) {
        match self {
            Self::Postgres { pool, lanes } => {
                pool.record_metrics();
                lanes.record_metrics();
                record_wal_bytes(0);
            }
            Self::Sqlite { read, write, file } => {
                read.record_metrics();
                write.record_metrics();
                record_wal_bytes(file.wal_bytes());
            }
        }
    }

    /// Logs a slow group commit, by the name of its writer.
    pub(crate) fn log_slow_commit(&self, time: Duration, work: &'static str) {
        match self {
            Self::Postgres { lanes, .. } => lanes.log_if_slow(time, &work),
            Self::Sqlite { write, .. } => write.log_if_slow(time, &work),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "logs are smaller than 2^52 bytes")]
fn record_wal_bytes(bytes: u64) {
    gauge!("cardroom_sqlite_wal_bytes").set(bytes as f64);
}

/// The answer of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The number 1.
    pub answer: i32,
    /// The time until a connection was available.
    pub wait: Duration,
    /// The time from the request for a connection to the answer.
    pub total: Duration,
}
