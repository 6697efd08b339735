//! SQLite: one writer, a few readers, and settings that never lose an acknowledged write.

use std::error::Error;
use std::future::ready;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::{Connection, ConnectionError, ConnectionResult, SqliteConnection};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper};
use futures::FutureExt;
use futures::future::BoxFuture;
use pooling::Limits;
use tokio::runtime::Handle;

/// An SQLite connection that async code can use.
pub type SqliteSession = SyncConnectionWrapper<SqliteConnection, Seat>;

/// Where a connection's statements run.
///
/// A read takes microseconds, less than handing it to another thread and back; a write waits for
/// the disk and would hold up everything else on its thread.
#[derive(Clone, Debug)]
pub enum Seat {
    /// In place.
    Inline,
    /// On the blocking threads of a runtime.
    Aside(Handle),
}

type Outcome<R> = Result<R, Box<dyn Error + Send + Sync>>;

impl SpawnBlocking for Seat {
    fn spawn_blocking<'a, R>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Outcome<R>>
    where
        R: Send + 'static,
    {
        match self {
            Self::Inline => ready(Ok(task())).boxed(),
            Self::Aside(runtime) => {
                let task = runtime.spawn_blocking(task);
                async move { Ok(task.await?) }.boxed()
            }
        }
    }

    fn get_runtime() -> Self {
        Self::Aside(Handle::current())
    }
}

/// A pool of connections to the file at `path`, all of them in the same `seat`.
pub(crate) fn pool(
    path: &Path,
    busy_timeout_ms: u64,
    limits: Limits,
    seat: Seat,
) -> Result<Pool<SqliteSession>, ConnectionError> {
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |path| {
        let connection = open(Path::new(path), busy_timeout_ms);
        let seat = seat.clone();
        ready(connection.map(|it| SqliteSession::with_runtime(it, seat))).boxed()
    });
    let manager =
        AsyncDieselConnectionManager::new_with_config(path.to_string_lossy().into_owned(), config);
    pooling::build(manager, limits).map_err(|e| ConnectionError::BadConnection(e.to_string()))
}

/// Creates the folder of the file at `path`, when it is missing.
pub(crate) fn create_folder(path: &Path) -> ConnectionResult<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|e| {
        ConnectionError::BadConnection(format!("cannot create {}: {e}", folder.display()))
    })
}

/// Opens the file at `path`, creating it and its folder when they are missing.
///
/// `synchronous=FULL` makes a commit wait until the disk has it; checkpoints come early, because
/// the one that runs one waits for it. Of the pages that it read last it keeps 16 MiB at most.
pub(crate) fn open(path: &Path, busy_timeout_ms: u64) -> ConnectionResult<SqliteConnection> {
    create_folder(path)?;
    let mut connection = SqliteConnection::establish(&path.to_string_lossy())?;
    connection
        .batch_execute(&format!(
            "PRAGMA busy_timeout = {busy_timeout_ms};
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF;
             PRAGMA wal_autocheckpoint = 400;
             PRAGMA cache_size = -16384;
             PRAGMA journal_size_limit = 67108864;"
        ))
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}
