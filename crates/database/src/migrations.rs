//! The migrations of both databases, and who runs them: one instance, while the others wait.
//!
//! PostgreSQL holds a session-level advisory lock, so who migrates needs a URL that leads to the
//! server itself and not through a transaction-mode pooler; who only looks takes no lock. SQLite holds
//! a lock on a file beside the database.

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

/// The advisory lock's number: the bytes of `cardroom`.
const LOCK: i64 = i64::from_be_bytes(*b"cardroom");

/// How often a waiting instance asks for the lock again.
const LOCK_POLL: Duration = Duration::from_millis(50);

/// How long a migrating connection waits for another process's statement.
const BUSY_TIMEOUT_MS: u64 = 10_000;

/// A migration, and whether the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The name of its folder, such as `2026-11-23-000001_accounts`.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

/// Why the migrations were not run.
#[derive(Debug, Error)]
pub enum MigrationError {
    /// The database cannot be reached.
    #[error("cannot open the database to migrate it")]
    Connect(#[from] ConnectionError),
    /// The file that guards an SQLite database cannot be locked.
    #[error("cannot lock the database to migrate it")]
    Lock(#[from] std::io::Error),
    /// Another instance kept the lock for too long.
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
/// Takes no lock on PostgreSQL: through a pooler it would stay with whoever gets the session next.
pub async fn status(url: &DatabaseUrl) -> Result<Vec<Migration>, MigrationError> {
    match url {
        DatabaseUrl::Postgres(_) => {
            let mut session = Session::Postgres(connect(url).await?);
            spawn_blocking(move || session.status().map_err(MigrationError::Failed)).await?
        }
        DatabaseUrl::Sqlite(_) => locked(url, Duration::from_mins(1), Session::status).await,
    }
}

/// Runs what is missing; gives the names of what it ran.
///
/// When another instance migrates, waits for it for as long as `wait`.
pub async fn up(url: &DatabaseUrl, wait: Duration) -> Result<Vec<String>, MigrationError> {
    locked(url, wait, Session::up).await
}

/// Takes back the migration that was run last; gives its version.
pub async fn revert(url: &DatabaseUrl) -> Result<Option<String>, MigrationError> {
    locked(url, Duration::from_mins(1), Session::revert).await
}

async fn locked<R: Send + 'static>(
    url: &DatabaseUrl,
    wait: Duration,
    task: fn(&mut Session) -> diesel::migration::Result<R>,
) -> Result<R, MigrationError> {
    let door = Door::find(url).await?;
    spawn_blocking(move || {
        let mut session = door.enter(wait)?;
        let outcome = task(&mut session);
        session.leave();
        outcome.map_err(MigrationError::Failed)
    })
    .await?
}

type PgSession = Box<AsyncConnectionWrapper<AsyncPgConnection>>;

async fn connect(url: &DatabaseUrl) -> Result<PgSession, MigrationError> {
    let connection = postgres::connect(&url.expose(), postgres::Line::default()).await?;
    Ok(Box::new(connection.into()))
}

/// What lets one instance in at a time.
enum Door {
    Postgres(PgSession),
    /// Already the first opening changes an empty file, so it is opened behind the door.
    Sqlite(PathBuf, File),
}

impl Door {
    async fn find(url: &DatabaseUrl) -> Result<Self, MigrationError> {
        match url {
            DatabaseUrl::Postgres(_) => Ok(Self::Postgres(connect(url).await?)),
            DatabaseUrl::Sqlite(path) => {
                sqlite::create_folder(path)?;
                Ok(Self::Sqlite(path.clone(), guard_of(path)?))
            }
        }
    }

    /// Waits until no other instance is in there.
    fn enter(mut self, wait: Duration) -> Result<Session, MigrationError> {
        let start = Instant::now();
        let mut is_told = false;
        while !self.try_lock()? {
            if start.elapsed() > wait {
                return Err(MigrationError::Busy(wait));
            }
            if !is_told {
                info!("another instance is migrating the database, waiting for it");
                is_told = true;
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

/// A connection that migrates, and what locks the others out while it lives.
enum Session {
    Postgres(PgSession),
    Sqlite(SqliteConnection, #[expect(dead_code, reason = "others wait until it is dropped")] File),
}

impl Session {
    fn status(&mut self) -> diesel::migration::Result<Vec<Migration>> {
        let (known, applied) = match self {
            Self::Postgres(it) => (names::<Pg>(&POSTGRES)?, applied_on_postgres(it)?),
            Self::Sqlite(it, _) => (names::<Sqlite>(&SQLITE)?, it.applied_migrations()?),
        };
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

    /// Lets the next instance in; where that cannot be said, the end of the connection says it.
    fn leave(self) {
        if let Self::Postgres(mut connection) = self {
            let unlock = diesel::sql_query("SELECT pg_advisory_unlock($1)");
            let _ = unlock.bind::<BigInt, _>(LOCK).execute(&mut *connection);
        }
    }
}

fn guard_of(path: &Path) -> std::io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".migrating");
    File::options().create(true).write(true).truncate(false).open(name)
}

#[derive(QueryableByName)]
struct Verdict {
    #[diesel(sql_type = Bool)]
    verdict: bool,
}

fn try_advisory_lock(connection: &mut PgSession) -> Result<bool, MigrationError> {
    let verdict: Verdict = diesel::sql_query("SELECT pg_try_advisory_lock($1) AS verdict")
        .bind::<BigInt, _>(LOCK)
        .get_result(&mut **connection)
        .map_err(|error| MigrationError::Failed(Box::new(error)))?;
    Ok(verdict.verdict)
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Like `applied_migrations`, which creates the table that it reads, and so must not come through a
/// pooler or at the same moment as another.
fn applied_on_postgres(connection: &mut PgSession) -> QueryResult<Vec<MigrationVersion<'static>>> {
    let table = "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS verdict";
    let table: Verdict = diesel::sql_query(table).get_result(&mut **connection)?;
    if !table.verdict {
        return Ok(Vec::new());
    }
    let applied = diesel::sql_query("SELECT version FROM __diesel_schema_migrations");
    let applied: Vec<Applied> = applied.load(&mut **connection)?;
    Ok(applied.into_iter().map(|it| it.version.into()).collect())
}

type Named = (MigrationVersion<'static>, String);

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
