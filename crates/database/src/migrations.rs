//! The migrations of both databases. One instance runs them while the others wait.
//!
//! On PostgreSQL the lock is a session-level advisory lock, so migrating needs a URL that leads to the
//! server itself and not through a transaction-mode pooler; reading the status takes no lock. On SQLite
//! the lock is on a file beside the database.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use diesel::backend::Backend;
use diesel::migration::{Migration as _, MigrationSource, MigrationVersion};
use diesel::pg::Pg;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::sqlite::Sqlite;
use diesel::{ConnectionError, QueryResult, QueryableByName, RunQueryDsl, SqliteConnection};
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use settings::DatabaseUrl;
use thiserror::Error;
use tokio::task::{JoinError, spawn_blocking};
use tracing::info;

use crate::{postgres, sqlite};

const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// The key of the advisory lock: the bytes of `cardroom`.
const LOCK: i64 = i64::from_be_bytes(*b"cardroom");

/// The interval at which a waiting instance tries the lock.
const LOCK_POLL: Duration = Duration::from_millis(50);

/// SQLite's busy timeout while migrating.
const BUSY_TIMEOUT_MS: u64 = 10_000;

/// A migration, and whether the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The name of its folder, such as `2026-11-23-000001_accounts`.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

/// The reason why the migrations were not run.
#[derive(Debug, Error)]
pub enum MigrationError {
    /// The database cannot be reached.
    #[error("cannot open the database to migrate it")]
    Connect(#[from] ConnectionError),
    /// The lock file of an SQLite database cannot be locked.
    #[error("cannot lock the database to migrate it")]
    Lock(#[from] std::io::Error),
    /// Another instance held the lock for too long.
    #[error("another instance has been migrating the database for more than {} s", .0.as_secs())]
    Busy(Duration),
    /// A migration failed; it was rolled back, those before it stay.
    #[error("a migration failed: {0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
    /// The thread that migrates ended early.
    #[error(transparent)]
    Stopped(#[from] JoinError),
}

/// All migrations in order, each with whether the database has it.
///
/// Takes no lock on PostgreSQL: through a pooler it would stay with the server session.
///
/// # Errors
/// When the database cannot be reached or read.
pub async fn status(url: &DatabaseUrl) -> Result<Vec<Migration>, MigrationError> {
    read(url, Session::status).await
}

/// The versions of the migrations that the database has and this program does not know: a newer release
/// ran them.
///
/// # Errors
/// As [`status`].
pub async fn unknown(url: &DatabaseUrl) -> Result<Vec<String>, MigrationError> {
    read(url, Session::unknown).await
}

/// Runs the pending migrations; returns their names.
///
/// While another instance migrates, waits up to `wait`.
///
/// # Errors
/// When the database cannot be reached, another instance holds the lock for longer than `wait`, or a
/// migration fails.
pub async fn up(url: &DatabaseUrl, wait: Duration) -> Result<Vec<String>, MigrationError> {
    locked(url, wait, Session::up).await
}

/// Reverts the migration that was run last; returns its version.
///
/// # Errors
/// As [`up`].
pub async fn revert(url: &DatabaseUrl) -> Result<Option<String>, MigrationError> {
    locked(url, Duration::from_mins(1), Session::revert).await
}

async fn read<R: Send + 'static>(
    url: &DatabaseUrl,
    task: fn(&mut Session) -> diesel::migration::Result<R>,
) -> Result<R, MigrationError> {
    match url {
        DatabaseUrl::Postgres(_) => {
            let mut session = Session::Postgres(connect(url).await?);
            spawn_blocking(move || task(&mut session).map_err(MigrationError::Failed)).await?
        }
        DatabaseUrl::Sqlite(_) => locked(url, Duration::from_mins(1), task).await,
    }
}

async fn locked<R: Send + 'static>(
    url: &DatabaseUrl,
    wait: Duration,
    task: fn(&mut Session) -> diesel::migration::Result<R>,
) -> Result<R, MigrationError> {
    let lock = MigrationLock::prepare(url).await?;
    spawn_blocking(move || {
        let mut session = lock.acquire(wait)?;
        let outcome = task(&mut session);
        session.release();
        outcome.map_err(MigrationError::Failed)
    })
    .await?
}

type PgSession = Box<AsyncConnectionWrapper<AsyncPgConnection>>;

async fn connect(url: &DatabaseUrl) -> Result<PgSession, MigrationError> {
    let connection = postgres::connect(&url.expose(), postgres::ConnectOptions::default()).await?;
    Ok(Box::new(connection.into()))
}

/// The lock that one migrating instance holds.
enum MigrationLock {
    Postgres(PgSession),
    /// The database and its lock file. Opening an empty database changes it, so it is opened under the
    /// lock.
    Sqlite(PathBuf, File),
}

impl MigrationLock {
    async fn prepare(url: &DatabaseUrl) -> Result<Self, MigrationError> {
        match url {
            DatabaseUrl::Postgres(_) => Ok(Self::Postgres(connect(url).await?)),
            DatabaseUrl::Sqlite(path) => {
                sqlite::create_folder(path)?;
                Ok(Self::Sqlite(path.clone(), open_lock_file(path)?))
            }
        }
    }

    /// Waits until no other instance holds the lock.
    fn acquire(mut self, wait: Duration) -> Result<Session, MigrationError> {
        let start = Instant::now();
        let mut is_logged = false;
        while !self.try_lock()? {
            if start.elapsed() > wait {
                return Err(MigrationError::Busy(wait));
            }
            if !is_logged {
                info!("another instance is migrating the database, waiting for it");
                is_logged = true;
            }
            std::thread::sleep(LOCK_POLL);
        }
        Ok(match self {
            Self::Postgres(connection) => Session::Postgres(connection),
            Self::Sqlite(path, lock) => {
                Session::Sqlite(sqlite::open(&path, BUSY_TIMEOUT_MS)?, lock)
            }
        })
    }

    fn try_lock(&mut self) -> Result<bool, MigrationError> {
        match self {
            Self::Postgres(connection) => try_advisory_lock(connection),
            Self::Sqlite(_, file) => match file.try_lock() {
                Ok(()) => Ok(true),
                Err(TryLockError::WouldBlock) => Ok(false),
                Err(TryLockError::Error(error)) => Err(error.into()),
            },
        }
    }
}

/// A connection that holds the lock.
enum Session {
    Postgres(PgSession),
    Sqlite(SqliteConnection, #[expect(dead_code, reason = "dropping it releases the lock")] File),
}

impl Session {
    /// The migrations that this program knows, and the versions that the database has.
    fn known_and_applied(&mut self) -> diesel::migration::Result<(Vec<Named>, Vec<Version>)> {
        Ok(match self {
            Self::Postgres(it) => (names::<Pg>(&POSTGRES)?, applied_on_postgres(it)?),
            Self::Sqlite(it, _) => (names::<Sqlite>(&SQLITE)?, it.applied_migrations()?),
        })
    }

    fn unknown(&mut self) -> diesel::migration::Result<Vec<String>> {
        let (known, mut applied) = self.known_and_applied()?;
        applied.retain(|version| known.iter().all(|(it, _)| it != version));
        applied.sort();
        Ok(applied.iter().map(ToString::to_string).collect())
    }

    fn status(&mut self) -> diesel::migration::Result<Vec<Migration>> {
        let (known, applied) = self.known_and_applied()?;
        let list = known
            .into_iter()
            .map(|(version, name)| Migration { applied: applied.contains(&version), name });
        Ok(list.collect())
    }

    fn up(&mut self) -> diesel::migration::Result<Vec<String>> {
        let missing = self.status()?.into_iter().filter(|it| !it.applied);
        let missing: Vec<_> = missing.map(|it| it.name).collect();
        match self {
            Self::Postgres(it) => it.run_pending_migrations(POSTGRES).map(drop)?,
            Self::Sqlite(it, _) => it.run_pending_migrations(SQLITE).map(drop)?,
        }
        Ok(missing)
    }

    fn revert(&mut self) -> diesel::migration::Result<Option<String>> {
        if self.status()?.iter().all(|it| !it.applied) {
            return Ok(None);
        }
        let version = match self {
            Self::Postgres(it) => it.revert_last_migration(POSTGRES)?,
            Self::Sqlite(it, _) => it.revert_last_migration(SQLITE)?,
        };
        Ok(Some(version.to_string()))
    }

    /// Releases the lock; when that fails, the end of the connection releases it.
    fn release(self) {
        if let Self::Postgres(mut connection) = self {
            let unlock = diesel::sql_query("SELECT pg_advisory_unlock($1)");
            let _ = unlock.bind::<BigInt, _>(LOCK).execute(&mut *connection);
        }
    }
}

fn open_lock_file(path: &Path) -> std::io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".migrating");
    File::options().create(true).write(true).truncate(false).open(name)
}

#[derive(QueryableByName)]
struct Flag {
    #[diesel(sql_type = Bool)]
    flag: bool,
}

fn try_advisory_lock(connection: &mut PgSession) -> Result<bool, MigrationError> {
    let acquired: Flag = diesel::sql_query("SELECT pg_try_advisory_lock($1) AS flag")
        .bind::<BigInt, _>(LOCK)
        .get_result(&mut **connection)
        .map_err(|error| MigrationError::Failed(Box::new(error)))?;
    Ok(acquired.flag)
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Like `applied_migrations`, which creates the table that it reads and therefore needs the lock.
fn applied_on_postgres(connection: &mut PgSession) -> QueryResult<Vec<Version>> {
    let exists = "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS flag";
    let exists: Flag = diesel::sql_query(exists).get_result(&mut **connection)?;
    if !exists.flag {
        return Ok(Vec::new());
    }
    let applied = diesel::sql_query("SELECT version FROM __diesel_schema_migrations");
    let applied: Vec<Applied> = applied.load(&mut **connection)?;
    Ok(applied.into_iter().map(|it| it.version.into()).collect())
}

type Version = MigrationVersion<'static>;

type Named = (Version, String);

fn names<DB: Backend>(source: &EmbeddedMigrations) -> diesel::migration::Result<Vec<Named>> {
    let migrations = MigrationSource::<DB>::migrations(source)?;
    let named = migrations.iter().map(|it| {
        let name = it.name();
        (name.version().as_owned(), name.to_string())
    });
    let mut named: Vec<_> = named.collect();
    named.sort();
    Ok(named)
}
