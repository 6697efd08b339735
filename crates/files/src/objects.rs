//! The store of the bytes: a folder.

mod folder;

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt};
use thiserror::Error;
use tokio::time::timeout;

use crate::open_error::OpenError;

/// Why the store did not carry out an operation.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It answered with an error, or not at all.
    #[error("the store of files failed")]
    Failed(#[from] Error),
    /// It took too long.
    #[error("the store of files has not answered in time")]
    Silent,
}

/// The store. Every operation ends within its time limit. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Objects {
    store: Arc<dyn ObjectStore>,
    folder: PathBuf,
    limit: Duration,
}

impl Objects {
    /// Opens a folder, which is created and written to.
    pub(crate) fn open(folder: &FilePath, limit: Duration) -> Result<Self, OpenError> {
        let (store, folder) = folder::open(folder)?;
        Ok(Self { store: Arc::new(store), folder, limit })
    }

    /// The folder for temporary files.
    pub(crate) fn spool(&self) -> PathBuf {
        self.folder.clone()
    }

    /// Writes an object. Afterwards it outlives a crash of the machine.
    pub(crate) async fn write(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        let (path, payload) = (Path::from(key), bytes.into());
        self.in_time(self.store.put(&path, payload)).await.map(drop)
    }

    /// The bytes of an object, piece by piece; `None` when there is none.
    pub(crate) async fn read(
        &self,
        key: &str,
    ) -> Result<Option<BoxStream<'static, object_store::Result<Bytes>>>, StoreError> {
        let path = Path::from(key);
        match self.in_time(self.store.get(&path)).await {
            Ok(object) => Ok(Some(object.into_stream())),
            Err(StoreError::Failed(Error::NotFound { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes an object, and what a write of it left behind that was broken off. Deleting it again changes
    /// nothing.
    pub(crate) async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let path = Path::from(key);
        match self.in_time(self.store.delete(&path)).await {
            Ok(()) | Err(StoreError::Failed(Error::NotFound { .. })) => {}
            Err(error) => return Err(error),
        }
        Ok(folder::delete_staged(&self.folder, key).await?)
    }

    async fn in_time<T>(
        &self,
        operation: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, StoreError> {
        timeout(self.limit, operation).await.map_or(Err(StoreError::Silent), |it| Ok(it?))
    }
}

/// The error of a folder that cannot be used.
fn unusable(path: &FilePath) -> impl Fn(std::io::Error) -> OpenError {
    move |source| OpenError::Folder { path: path.to_owned(), source }
}
