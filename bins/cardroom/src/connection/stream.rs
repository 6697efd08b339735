//! The socket of a connection, read a little at a time.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use admission::watch_client;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::state::State;
use super::turn::wake_next_turn;

/// Bytes that are read in one turn: a save whole, and some hundred requests of a client that does not
/// wait for answers. actix reads 128 KiB ahead otherwise, and works on all of it at once.
const BYTES_PER_TURN: usize = 16 * 1024;

/// A TCP connection that yields to the others of its thread.
pub(crate) struct Connection {
    stream: TcpStream,
    state: Rc<State>,
    /// Bytes that were read in this turn.
    read: usize,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, state: Rc<State>) -> Self {
        Self { stream, state, read: 0 }
    }

    /// Puts what requests need to know of their connection where they find it.
    pub(crate) fn prepare(&self, extensions: &mut Extensions) {
        extensions.insert(self.state.clone());
        watch_client(&self.stream, extensions);
    }

    /// The socket itself, for a protocol that has bounds of its own.
    pub(crate) fn into_inner(self) -> TcpStream {
        self.stream
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.state.take_behind() || this.read >= BYTES_PER_TURN {
            this.read = 0;
            wake_next_turn(context);
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let Poll::Ready(outcome) = Pin::new(&mut this.stream).poll_read(context, buffer) else {
            this.read = 0;
            this.state.caught_up();
            return Poll::Pending;
        };
        outcome?;
        let read = buffer.filled().len() - before;
        this.read += read;
        if !this.state.count(read) {
            let reason = "a request takes more bytes than any body may have";
            return Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, reason)));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.stream).poll_write(context, bytes));
        this.state.wrote();
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.stream).poll_write_vectored(context, slices));
        this.state.wrote();
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
