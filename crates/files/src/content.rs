//! From what was received to what is stored.

use std::io::{self, Read, Seek};
use std::thread;

use bytes::Bytes;
use image::ImageFormat;
use tokio::sync::oneshot;

use crate::context::Files;
use crate::error::FileError;
use crate::file::Format;
use crate::form::Received;
use crate::picture;

/// The niceness of a thread that decodes: it gets an otherwise idle core whole, and a tenth of a busy one.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// What is stored of a file.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) format: Format,
    pub(crate) bytes: Bytes,
}

impl Files {
    /// Reads what was received, and writes pictures anew, on a thread with a low priority.
    pub(crate) async fn content(&self, received: Received) -> Result<Content, FileError> {
        let _decoding = self.pictures.acquire().await.map_err(|_| FileError::Busy)?;
        let picture_bytes = self.rules.picture_bytes;
        let (done, content) = oneshot::channel();
        let work = move || {
            lower_priority();
            // When the caller is gone, the content is dropped.
            let _ = done.send(content_of(received, picture_bytes));
        };
        let thread = thread::Builder::new().name("picture".into());
        thread.spawn(work).map_err(FileError::Spool)?;
        content.await.unwrap_or(Err(FileError::Broken))
    }
}

fn content_of(received: Received, picture_bytes: u64) -> Result<Content, FileError> {
    let bytes = read(received).map_err(FileError::Spool)?;
    if bytes.is_empty() {
        return Err(FileError::Empty);
    }
    let format = Format::of(&bytes).ok_or(FileError::UnknownFormat)?;
    let bytes = match format {
        Format::Png => picture::rewrite(bytes, ImageFormat::Png, picture_bytes)?,
        Format::Jpeg => picture::rewrite(bytes, ImageFormat::Jpeg, picture_bytes)?,
        Format::Pdf => bytes,
    };
    Ok(Content { format, bytes: bytes.into() })
}

fn read(received: Received) -> io::Result<Vec<u8>> {
    let Received { mut spool, bytes, .. } = received;
    let mut content = Vec::with_capacity(bytes);
    spool.rewind()?;
    spool.read_to_end(&mut content)?;
    Ok(content)
}

fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!("the priority of a thread that decodes cannot be lowered: {error}");
    }
}
