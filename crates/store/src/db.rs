//! The database in use, and the few ways to run a query on it.

use std::time::{Duration, Instant};

use diesel::sql_types::Integer;
use diesel::{ConnectionError, IntoSql, OptionalExtension};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use pooling::{Limits, PoolError};
use settings::DatabaseUrl;
use tokio::runtime::Handle;

use crate::sqlite::{Seat, SqliteSession};
use crate::{Execute, Fetch, StoreError, postgres, sqlite};

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
    ($db:expr, $side:ident, |$connection:ident| $query:expr) => {
        match $db {
            Db::Postgres { pool, .. } => {
                let $connection = &mut *pool.get().await.map_err(PoolError::from)?;
                $query.await
            }
            Db::Sqlite { $side, .. } => {
                let $connection = &mut *$side.get().await.map_err(PoolError::from)?;
                $query.await
            }
        }
    };
}

impl Db {
    /// Opens the database of the settings. Nothing connects before the first query.
    ///
    /// Connections and their blocking work live on `runtime`.
    ///
    /// # Errors
    /// When a pool cannot be built.
    pub fn open(settings: &settings::Database, runtime: &Handle) -> Result<Self, ConnectionError> {
        match &settings.url {
            DatabaseUrl::Postgres(_) => {
                let url = settings.url.expose();
                let pool = |size, plans| {
                    let limits = Limits::of(settings, size);
                    postgres::pool(&url, settings, limits, runtime.clone(), plans)
                };
                let lanes = pool(settings.write_lanes, postgres::BY_KEY)?;
                let pool = pool(settings.pool_size, "")?;
                Ok(Self::Postgres { pool, lanes })
            }
            DatabaseUrl::Sqlite(path) => {
                let pool = |size, seat| {
                    let limits = Limits::of(settings, size);
                    sqlite::pool(path, settings.busy_timeout_ms, limits, seat)
                };
                Ok(Self::Sqlite {
                    read: pool(settings.sqlite_readers, Seat::Inline)?,
                    write: pool(1, Seat::Aside(runtime.clone()))?,
                })
            }
        }
    }

    /// The one row that the query finds, if any.
    pub async fn read_one<'q, U: Send + 'q>(
        &self,
        query: impl Fetch<'q, U>,
    ) -> Result<Option<U>, StoreError> {
        let row = run!(self, read, |connection| RunQueryDsl::get_result(query, connection));
        Ok(row.optional()?)
    }

    /// All rows that the query finds.
    pub async fn read_all<'q, U: Send + 'q>(
        &self,
        query: impl Fetch<'q, U>,
    ) -> Result<Vec<U>, StoreError> {
        Ok(run!(self, read, |connection| RunQueryDsl::get_results(query, connection))?)
    }

    /// Carries out a change that returns the row it made, if it made one.
    pub async fn write_one<'q, U: Send + 'q>(
        &self,
        query: impl Fetch<'q, U>,
    ) -> Result<Option<U>, StoreError> {
        let row = run!(self, write, |connection| RunQueryDsl::get_result(query, connection));
        Ok(row.optional()?)
    }

    /// Carries out a change; gives the number of rows it touched.
    pub async fn write(&self, statement: impl Execute) -> Result<usize, StoreError> {
        Ok(run!(self, write, |connection| RunQueryDsl::execute(statement, connection))?)
    }

    /// Asks the database for the number 1, and measures how long that takes.
    pub async fn probe(&self) -> Result<Probe, StoreError> {
        let one = diesel::select(1_i32.into_sql::<Integer>());
        let start = Instant::now();
        let (answer, wait) = run!(self, read, |connection| async {
            let wait = start.elapsed();
            let answer = RunQueryDsl::get_result::<i32>(one, connection).await?;
            diesel::QueryResult::Ok((answer, wait))
        })?;
        Ok(Probe { answer, wait, total: start.elapsed() })
    }

    /// What the pool that requests read from looks like at this moment.
    pub fn figures(&self) -> Figures {
        let status = match self {
            Self::Postgres { pool, .. } => pool.status(),
            Self::Sqlite { read, .. } => read.status(),
        };
        Figures {
            size: status.max_size,
            open: status.size,
            idle: status.available,
            waiting: status.waiting,
        }
    }
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

/// A pool at one moment, in connections and callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Connections at most.
    pub size: usize,
    /// Connections that are open.
    pub open: usize,
    /// Open connections that nobody uses.
    pub idle: usize,
    /// Callers that wait for a connection.
    pub waiting: usize,
}
