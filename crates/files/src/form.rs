//! Receiving a form (`multipart/form-data`) with a file.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File as Spool;
use std::io::{self, Write};
use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::web::Payload;
use admission::wait_without_slot;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;

use crate::context::Files;
use crate::error::FileError;

/// The name of the part with the file.
const FILE: &str = "file";

/// Parts of a form at most. Ours have two.
const PARTS_MAX: usize = 16;

/// Bytes that are gathered before they are written to the temporary file.
const WRITTEN_AT_ONCE: usize = 64 * 1024;

/// What a part with a file says of it before its bytes.
#[derive(Clone, Debug)]
pub struct PartHead {
    /// Its name; empty when it has none.
    pub name: String,
    /// Its content type, in lower case and without parameters; empty when it has none.
    pub content_type: String,
}

/// A file that was received, in a temporary file that has no name, so that nothing of it stays when the
/// process ends.
#[derive(Debug)]
pub struct Received {
    /// What was said of it.
    pub head: PartHead,
    /// Its size.
    pub bytes: usize,
    pub(crate) spool: Spool,
    /// Its place among the uploads that are under way.
    pub(crate) _place: OwnedSemaphorePermit,
}

/// A form that was received.
#[derive(Debug)]
pub struct Form {
    /// The file.
    pub file: Received,
    /// The texts that were asked for and are there, by their names.
    pub texts: BTreeMap<&'static str, String>,
}

impl Files {
    /// Receives a form with a file and the texts of these names; other parts are skipped. The request holds
    /// no slot meanwhile, and little of the form is in memory. `accept` decides before the bytes of the file
    /// are read. What follows an error is read and forgotten, up to the size of a file: clients that still send
    /// would see the connection end instead of the answer.
    ///
    /// # Errors
    /// When uploads are not set up, `accept` refuses, the form is not valid or too large, or it does not
    /// arrive in time.
    pub async fn receive<E: From<FileError>>(
        &self,
        request: &HttpRequest,
        payload: Payload,
        texts: &[&'static str],
        accept: impl Fn(&PartHead) -> Result<(), E>,
    ) -> Result<Form, E> {
        let body = SharedBody(Rc::new(RefCell::new(payload)));
        let form = Multipart::new(request.headers(), body.clone());
        wait_without_slot(async {
            let received = self.receive_parts(form, texts, accept).await;
            if received.is_err() {
                body.discard(self.rules.max_bytes).await;
            }
            received
        })
        .await
    }

    async fn receive_parts<E: From<FileError>>(
        &self,
        mut form: Multipart,
        names: &[&'static str],
        accept: impl Fn(&PartHead) -> Result<(), E>,
    ) -> Result<Form, E> {
        let Some(objects) = &self.objects else { return Err(FileError::Disabled.into()) };
        let (mut file, mut texts) = (None, BTreeMap::new());
        let mut parts = 0;
        while let Some(part) = form.next().await {
            let mut part = part.map_err(of_form)?;
            parts += 1;
            let name = part.name().unwrap_or_default().to_owned();
            if parts > PARTS_MAX || (name == FILE && file.is_some()) {
                return Err(FileError::FormTooLarge.into());
            }
            if name == FILE {
                let head = head_of(&part);
                accept(&head)?;
                let place = self.uploads.clone().try_acquire_owned();
                let place = place.map_err(|_| FileError::Busy)?;
                let (bytes, spool) = self.receive_file(part, objects.spool()).await?;
                file = Some(Received { head, bytes, spool, _place: place });
            } else if let Some(name) = names.iter().find(|it| **it == name) {
                texts.insert(*name, receive_text(&mut part, self.text_bytes).await?);
            } else {
                skip(&mut part, self.text_bytes).await?;
            }
        }
        Ok(Form { file: file.ok_or(FileError::Missing)?, texts })
    }

    async fn receive_file(
        &self,
        mut part: Field,
        folder: PathBuf,
    ) -> Result<(usize, Spool), FileError> {
        let bytes_max = self.rules.max_bytes;
        let mut spool = self.blocking(move || tempfile::tempfile_in(folder)).await?;
        let (mut bytes, mut waiting) = (0, BytesMut::new());
        while let Some(piece) = part.next().await {
            let piece = piece.map_err(of_form)?;
            bytes += piece.len();
            if bytes > bytes_max {
                return Err(FileError::TooLarge(bytes_max));
            }
            waiting.extend_from_slice(&piece);
            if waiting.len() >= WRITTEN_AT_ONCE {
                (spool, waiting) = self.append(spool, waiting).await?;
            }
        }
        let (spool, _) = self.append(spool, waiting).await?;
        Ok((bytes, spool))
    }

    /// Writes the bytes, and gives the file and the empty buffer back.
    async fn append(
        &self,
        mut spool: Spool,
        mut bytes: BytesMut,
    ) -> Result<(Spool, BytesMut), FileError> {
        let write = move || {
            spool.write_all(&bytes)?;
            bytes.clear();
            Ok((spool, bytes))
        };
        self.blocking(write).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, FileError> {
        let _writing = self.writing.acquire().await.map_err(|_| FileError::Busy)?;
        let outcome = spawn_blocking(work).await;
        outcome.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(FileError::Spool)
    }
}

/// A body that is read by a form, and after an error without it.
#[derive(Clone)]
struct SharedBody(Rc<RefCell<Payload>>);

impl SharedBody {
    /// Reads what is left, up to this many bytes and while it arrives in time.
    async fn discard(mut self, bytes_max: usize) {
        let mut bytes = 0;
        while let Some(Ok(piece)) = self.next().await {
            bytes += piece.len();
            if bytes > bytes_max {
                return;
            }
        }
    }
}

impl Stream for SharedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

/// A body that is no form at all has no file.
fn of_form(error: MultipartError) -> FileError {
    match error {
        MultipartError::ContentTypeMissing
        | MultipartError::ContentTypeParse
        | MultipartError::ContentTypeIncompatible => FileError::Missing,
        MultipartError::Payload(error) => FileError::CutOff(api::cut_off(&error)),
        _ => FileError::BadForm,
    }
}

fn head_of(part: &Field) -> PartHead {
    let disposition = part.content_disposition();
    let name = disposition.and_then(|it| it.get_filename()).unwrap_or_default();
    let content_type = part.content_type().map(|it| it.essence_str().to_ascii_lowercase());
    PartHead { name: name.to_owned(), content_type: content_type.unwrap_or_default() }
}

async fn receive_text(part: &mut Field, bytes_max: usize) -> Result<String, FileError> {
    let mut text = Vec::new();
    while let Some(piece) = part.next().await {
        text.extend_from_slice(&piece.map_err(of_form)?);
        if text.len() > bytes_max {
            return Err(FileError::FormTooLarge);
        }
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

async fn skip(part: &mut Field, bytes_max: usize) -> Result<(), FileError> {
    let mut bytes = 0;
    while let Some(piece) = part.next().await {
        bytes += piece.map_err(of_form)?.len();
        if bytes > bytes_max {
            return Err(FileError::FormTooLarge);
        }
    }
    Ok(())
}
