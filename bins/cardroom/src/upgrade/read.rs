//! The reading side of a websocket, with a buffer that all sockets of a thread share.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_web::error::PayloadError;
use bytes::Bytes;
use futures::Stream;
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;

/// Largest read, in bytes.
const BYTES_MAX: usize = 64 * 1024;

/// The read buffer of one thread, allocated by the first read.
pub(super) type Scratch = Rc<RefCell<Vec<u8>>>;

/// The bytes that the client sends.
pub(super) struct Incoming {
    stream: OwnedReadHalf,
    /// The bytes that arrived with the handshake.
    first: Option<Bytes>,
    scratch: Scratch,
}

impl Incoming {
    pub(super) fn new(stream: OwnedReadHalf, first: &[u8], scratch: Scratch) -> Self {
        // Copied: the buffer of the dispatcher is large.
        let first = (!first.is_empty()).then(|| Bytes::copy_from_slice(first));
        Self { stream, first, scratch }
    }
}

impl Stream for Incoming {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        let Self { stream, scratch, .. } = &mut *self;
        let mut scratch = scratch.borrow_mut();
        scratch.resize(BYTES_MAX, 0);
        let mut buffer = ReadBuf::new(&mut scratch);
        ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
        let read = buffer.filled();
        Poll::Ready((!read.is_empty()).then(|| Ok(Bytes::copy_from_slice(read))))
    }
}
