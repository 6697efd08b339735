//! The two directions of a socket: `actix-ws` does the handshake and reads, the outbox is written.

use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::{Error, FromRequest as _, HttpRequest, HttpResponse, rt, web};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, ProtocolError};
use bytes::Bytes;

use crate::input::{BoundedInput, Unread};
use crate::protocol::{ClientMessage, Version, wire};
use crate::socket::Socket;
use crate::socket_permit::SocketPermit;
use crate::worker::Worker;

/// Opens a socket.
///
/// # Errors
/// When the request asks for none.
pub(crate) fn open(
    request: &HttpRequest,
    payload: web::Payload,
    worker: &Worker,
    (version, key): (Version, String),
    permit: SocketPermit,
) -> Result<HttpResponse, Error> {
    let bytes_max = worker.hub().limits.frame_bytes();
    let unread = Unread::default();
    let input = Box::pin(BoundedInput::new(payload.into_inner(), unread.clone(), bytes_max));
    let mut payload: Payload = Payload::Stream { payload: input };
    let payload = web::Payload::from_request(request, &mut payload).into_inner()?;
    let (response, session, messages) = actix_ws::handle(request, payload)?;
    // The outbox sends all frames. The body of the session stays because dropping it tells the reading
    // side that the connection is gone.
    drop(session);
    let messages = messages.max_frame_size(bytes_max).aggregate_continuations();
    let messages = messages.max_continuation_size(bytes_max);
    let socket = Socket::new(version, key, worker.local().clone(), permit);
    worker.add(&socket);
    rt::spawn(read(worker.clone(), socket.clone(), messages, unread));
    let (response, unused) = response.into_parts();
    let mut response = response.set_body(BoxBody::new(()));
    response.extensions_mut().insert(Frames { socket, _unused: unused });
    Ok(response)
}

/// Reads the messages of the client until the connection ends.
async fn read(
    worker: Worker,
    socket: Rc<Socket>,
    mut messages: AggregatedMessageStream,
    unread: Unread,
) {
    while let Some(message) = messages.recv().await {
        unread.reset();
        socket.touch();
        match message {
            Ok(AggregatedMessage::Text(text)) => {
                socket.receive(ClientMessage::of_text(socket.version, &text.into_bytes()));
            }
            Ok(AggregatedMessage::Binary(bytes)) => {
                socket.receive(ClientMessage::of_binary(socket.version, &bytes));
            }
            Ok(AggregatedMessage::Ping(payload)) => {
                socket.outbox.send(wire::pong(&payload));
            }
            Ok(AggregatedMessage::Pong(_)) => {}
            Ok(AggregatedMessage::Close(_)) => {
                socket.close(CloseCode::Normal.into(), "");
                break;
            }
            Err(error) => {
                socket.close(code_of(&error).into(), "the message cannot be read");
                break;
            }
        }
    }
    socket.leave_all();
    socket.outbox.finish();
    worker.remove(&socket);
}

fn code_of(error: &ProtocolError) -> CloseCode {
    let is_overflow = match error {
        ProtocolError::Overflow => true,
        ProtocolError::Io(error) => error
            .get_ref()
            .and_then(|it| it.downcast_ref::<PayloadError>())
            .is_some_and(|it| matches!(it, PayloadError::Overflow)),
        _ => false,
    };
    if is_overflow { CloseCode::Size } else { CloseCode::Protocol }
}

/// The frames for a client, among the extensions of the response to its handshake: a body would be polled
/// through every layer of the application for every frame. Dropping it ends the socket.
pub struct Frames {
    socket: Rc<Socket>,
    _unused: BoxBody,
}

impl Frames {
    /// The next frame; `None` after the last.
    pub fn poll(&self, context: &Context<'_>) -> Poll<Option<Bytes>> {
        self.socket.outbox.poll(context)
    }
}
