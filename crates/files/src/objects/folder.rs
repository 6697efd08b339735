//! A folder as a store.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use object_store::Error;
use object_store::local::LocalFileSystem;
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;

use super::unusable;
use crate::open_error::OpenError;

/// Only the account of the process reads what people upload.
const MODE: u32 = 0o700;

/// Creates the folder if it does not exist, and checks that it can be written to.
pub(super) fn open(path: &Path) -> Result<(LocalFileSystem, PathBuf), OpenError> {
    let create = DirBuilder::new().recursive(true).mode(MODE).create(path);
    create.map_err(unusable(path))?;
    let folder = path.canonicalize().map_err(unusable(path))?;
    NamedTempFile::new_in(&folder).and_then(NamedTempFile::close).map_err(unusable(path))?;
    let store = LocalFileSystem::new_with_prefix(&folder).map_err(OpenError::Store)?;
    Ok((store.with_fsync(true), folder))
}

/// Deletes the file that an object is written to before it gets its name, `key#1`. A process that is killed
/// leaves it behind.
pub(super) async fn delete_staged(folder: &Path, key: &str) -> Result<(), Error> {
    let path = folder.join(key);
    let deleting = spawn_blocking(move || {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
        let staged = format!("{}#", name.to_string_lossy());
        for entry in entries(folder)? {
            if entry.file_name().to_string_lossy().starts_with(&staged) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    });
    let outcome: io::Result<()> =
        deleting.await.unwrap_or_else(|error| Err(io::Error::other(error)));
    outcome.map_err(|error| Error::Generic { store: "folder", source: Box::new(error) })
}

/// The entries of a folder; none when it does not exist.
fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
