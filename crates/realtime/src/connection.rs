//! The two directions of a socket: the frames of the client are read here, the outbox is written.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_http::ws::{HandshakeError, handshake};
use actix_web::dev::Payload;
use actix_web::{HttpRequest, HttpResponse, rt, web};
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use crate::frame_reader::FrameReader;
use crate::protocol::Version;
use crate::socket::{CLOSE_TIMEOUT, Socket};
use crate::socket_permit::SocketPermit;
use crate::worker::Worker;

/// Frames of one socket that are handled before other tasks of the thread get a turn.
const FRAMES_PER_TURN: usize = 64;

/// Bytes of one socket that are handled before other tasks of the thread get a turn; the size of one read.
const BYTES_PER_TURN: usize = 64 * 1024;

/// The pause between two reads after the close frame was sent.
const DRAIN_INTERVAL: Duration = Duration::from_millis(10);

/// Opens a socket.
///
/// # Errors
/// When the request is no handshake of a websocket.
pub(crate) fn open(
    request: &HttpRequest,
    payload: web::Payload,
    worker: &Worker,
    (version, key): (Version, String),
    permit: SocketPermit,
) -> Result<HttpResponse, HandshakeError> {
    let response = handshake(request.head())?.finish();
    let socket = Socket::new(version, key, worker.local().clone(), permit);
    let (open, closed) = oneshot::channel();
    let input = Input { payload: payload.into_inner(), closed };
    worker.add(&socket);
    rt::spawn(read(worker.clone(), socket.clone(), input));
    let mut response = HttpResponse::from(response).map_into_boxed_body();
    response.extensions_mut().insert(Frames { socket, _open: open });
    Ok(response)
}

/// The bytes of the client.
struct Input {
    payload: Payload,
    /// Resolves when the writing side has ended.
    closed: oneshot::Receiver<()>,
}

impl Input {
    /// The next bytes; `None` when the connection has ended.
    async fn next(&mut self) -> Option<Bytes> {
        poll_fn(|context| {
            if self.poll_closed(context).is_ready() {
                return Poll::Ready(None);
            }
            let read = ready!(self.payload.poll_next_unpin(context));
            Poll::Ready(read.and_then(Result::ok))
        })
        .await
    }

    /// Discards what the client sends until it closes the connection, for a bounded time: closing a
    /// connection with unread bytes resets it, and the client might not receive the close frame.
    async fn drain(&mut self) {
        let drained = async {
            while self.next().await.is_some() {
                sleep(DRAIN_INTERVAL).await;
            }
        };
        let _ = timeout(CLOSE_TIMEOUT, drained).await;
    }

    /// Waits until the writing side has ended.
    fn poll_closed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // A receiver that has resolved may not be polled again.
        if !self.closed.is_terminated() {
            let _ = ready!(Pin::new(&mut self.closed).poll(context));
        }
        Poll::Ready(())
    }
}

/// Reads the frames of the client until the connection ends.
async fn read(worker: Worker, socket: Rc<Socket>, mut input: Input) {
    let is_closed_by_client = read_frames(&socket, &mut input).await;
    socket.leave_all();
    // In a box, because every socket has room for this future as long as it is open.
    Box::pin(finish(&socket, input, is_closed_by_client)).await;
    worker.remove(&socket);
}

/// Ends the writing side: the frames that are queued are still sent, for a bounded time.
async fn finish(socket: &Socket, mut input: Input, is_closed_by_client: bool) {
    if !is_closed_by_client {
        input.drain().await;
    }
    socket.outbox.finish();
    let closed = poll_fn(|context| input.poll_closed(context));
    if timeout(CLOSE_TIMEOUT, closed).await.is_err() {
        socket.outbox.abort();
    }
}

/// Handles frames until the connection ends. Returns whether the client closed it.
///
/// The data of a fast client is always ready, so that nothing here would ever wait: after a bounded
/// number of frames or bytes the other tasks of the thread get a turn.
async fn read_frames(socket: &Rc<Socket>, input: &mut Input) -> bool {
    let mut reader = FrameReader::new(socket.message_limits());
    let (mut frames, mut bytes) = (0, 0);
    while let Some(chunk) = input.next().await {
        bytes += chunk.len();
        let mut chunk = BytesMut::from(chunk);
        loop {
            match reader.read(&mut chunk) {
                Ok(None) => break,
                Ok(Some(event)) => match socket.receive_frame(event) {
                    Ok(()) => frames += 1,
                    Err(end) => return end.is_by_client(),
                },
                Err(error) => {
                    socket.close(error.close_code(), &error.to_string());
                    return false;
                }
            }
            if frames >= FRAMES_PER_TURN {
                frames = 0;
                yield_now().await;
            }
        }
        if bytes >= BYTES_PER_TURN {
            bytes = 0;
            yield_now().await;
        }
    }
    true
}

/// The frames for a client, among the extensions of the response to its handshake: a body would be polled
/// through every layer of the application for every frame. Dropping it ends the socket.
pub struct Frames {
    socket: Rc<Socket>,
    /// Dropped with the writing side, which ends the reading side.
    _open: oneshot::Sender<()>,
}

impl Frames {
    /// The next frame; `None` after the last.
    pub fn poll(&self, context: &Context<'_>) -> Poll<Option<Bytes>> {
        self.socket.outbox.poll(context)
    }

    /// Whether the stream has to end although frames wait; to be asked while the client accepts no more
    /// bytes.
    pub fn poll_aborted(&self, context: &Context<'_>) -> Poll<()> {
        self.socket.outbox.poll_aborted(context)
    }
}
