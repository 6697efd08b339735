//! SQLite: one writer, a few readers, and settings that never lose an acknowledged write.

use std::error::Error;
use std::fs::OpenOptions;
use std::future::ready;
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use diesel::connection::SimpleConnection;
use diesel::{Connection, ConnectionError, ConnectionResult, QueryResult, SqliteConnection};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper};
use futures::FutureExt;
use futures::future::BoxFuture;
use pooling::Limits;
use tokio::runtime::Handle;

use crate::error::file_gone;

/// An SQLite connection that async code can use.
pub type SqliteSession = SyncConnectionWrapper<SqliteConnection, RunOn>;

/// The thread that runs the statements of a connection.
///
/// A read takes microseconds, less than a thread switch; a write waits for the disk and would block every
/// other task on its thread.
#[derive(Clone, Debug)]
pub enum RunOn {
    /// The calling thread.
    Caller,
    /// The blocking threads of a runtime.
    BlockingThread(Handle),
}

type Outcome<R> = Result<R, Box<dyn Error + Send + Sync>>;

impl SpawnBlocking for RunOn {
    fn spawn_blocking<'a, R>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Outcome<R>>
    where
        R: Send + 'static,
    {
        match self {
            Self::Caller => ready(Ok(task())).boxed(),
            Self::BlockingThread(runtime) => {
                let task = runtime.spawn_blocking(task);
                async move { Ok(task.await?) }.boxed()
            }
        }
    }

    fn get_runtime() -> Self {
        Self::BlockingThread(Handle::current())
    }
}

/// The file of a database, as its first connection found it. Cloning shares it.
///
/// A file that is removed or replaced stays open: what is written to it then is lost when the process ends.
#[derive(Clone, Debug)]
pub struct DatabaseFile(Arc<(PathBuf, OnceLock<Identity>)>);

/// Device and inode.
type Identity = (u64, u64);

impl DatabaseFile {
    pub(crate) fn at(path: &Path) -> Self {
        Self(Arc::new((path.to_owned(), OnceLock::new())))
    }

    /// Fails when the file of the first connection is no longer at its path.
    pub(crate) fn check(&self) -> QueryResult<()> {
        let (path, opened) = &*self.0;
        if opened.get().is_none_or(|opened| identity(path) == Some(*opened)) {
            Ok(())
        } else {
            Err(file_gone())
        }
    }

    /// Opens a connection to the same file as the first one.
    fn connect(&self, busy_timeout_ms: u64) -> ConnectionResult<SqliteConnection> {
        let (path, opened) = &*self.0;
        // Opening would create a file that is gone.
        self.check().map_err(ConnectionError::CouldntSetupConfiguration)?;
        let connection = open(path, busy_timeout_ms)?;
        if let Some(identity) = identity(path) {
            opened.get_or_init(|| identity);
        }
        self.check().map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connection)
    }

    /// The size of the write-ahead log in bytes; 0 when there is none.
    pub(crate) fn wal_bytes(&self) -> u64 {
        let mut wal = self.0.0.as_os_str().to_owned();
        wal.push("-wal");
        std::fs::metadata(wal).map_or(0, |it| it.len())
    }
}

fn identity(path: &Path) -> Option<Identity> {
    std::fs::metadata(path).ok().map(|it| (it.dev(), it.ino()))
}

/// A pool of connections to the file.
pub(crate) fn pool(
    file: &DatabaseFile,
    busy_timeout_ms: u64,
    limits: Limits,
    run_on: RunOn,
) -> Result<Pool<SqliteSession>, ConnectionError> {
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    let path = file.0.0.to_string_lossy().into_owned();
    let file = file.clone();
    config.custom_setup = Box::new(move |_| {
        let connection = file.connect(busy_timeout_ms);
        let run_on = run_on.clone();
        ready(connection.map(|it| SqliteSession::with_runtime(it, run_on))).boxed()
    });
    let manager = AsyncDieselConnectionManager::new_with_config(path, config);
    pooling::build(manager, limits).map_err(|e| ConnectionError::BadConnection(e.to_string()))
}

/// Creates the folder of the file at `path`, when it is missing.
pub(crate) fn create_folder(path: &Path) -> ConnectionResult<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|e| {
        ConnectionError::BadConnection(format!("cannot create {}: {e}", folder.display()))
    })
}

/// The size to which the write-ahead log is truncated once it was written back. A reader that stays open
/// lets it grow: then it cannot be written back.
const WAL_BYTES_KEPT: u64 = 16 << 20;

/// Creates the file at `path`, when it is missing, so that only its owner may read it. SQLite gives the
/// files beside it the same permissions.
fn create_private(path: &Path) -> ConnectionResult<()> {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true).mode(0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            let what = format!("cannot create {}: {error}", path.display());
            Err(ConnectionError::BadConnection(what))
        }
        _ => Ok(()),
    }
}

/// Opens the file at `path`, creating it and its folder when they are missing.
///
/// `synchronous=FULL` makes a commit wait until it is on disk. Checkpoints are frequent, because the
/// commit that triggers one waits for it. The page cache holds 16 MiB at most.
pub(crate) fn open(path: &Path, busy_timeout_ms: u64) -> ConnectionResult<SqliteConnection> {
    create_folder(path)?;
    create_private(path)?;
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
             PRAGMA journal_size_limit = {WAL_BYTES_KEPT};"
        ))
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_reads_a_new_file_and_those_beside_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mut connection = open(&folder.path().join("new.db"), 1_000).unwrap();
        connection.batch_execute("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1);").unwrap();
        let modes = std::fs::read_dir(folder.path()).unwrap().map(|file| {
            let file = file.unwrap();
            (file.file_name(), file.metadata().unwrap().permissions().mode() & 0o777)
        });
        let modes: Vec<_> = modes.collect();
        assert_eq!(modes.len(), 3, "{modes:?}");
        assert!(modes.iter().all(|(_, mode)| *mode == 0o600), "{modes:?}");
    }
}
