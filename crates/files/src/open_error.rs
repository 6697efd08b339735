//! Why the store of files cannot be opened.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why the store of files cannot be used.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The folder cannot be created or written to.
    #[error(
        "cannot write to the folder of files.store, {}: {source}; make it writable for this account, \
         or name another in CARDROOM__FILES__STORE",
        path.display()
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The store cannot be opened.
    #[error("cannot open files.store: {0}")]
    Store(#[source] object_store::Error),
}
