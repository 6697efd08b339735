//! Connections that are upgraded to websockets.
//!
//! The application answers the handshake like any other request. From then on the connection is read and
//! written here: a silent connection keeps no buffers, and all waiting frames are written with one
//! system call, without a copy.

mod read;
mod write;

use std::future::ready;
use std::rc::Rc;

use actix_codec::{Encoder as _, Framed, FramedParts};
use actix_http::h1::{Codec, Message};
use actix_http::{ConnectionType, Request};
use actix_web::body::{self, BodySize, MessageBody};
use actix_web::dev::{
    Payload, Response, Service, ServiceFactory, ServiceResponse, fn_factory, fn_service,
};
use actix_web::http::StatusCode;
use actix_web::{Error, error};
use bytes::{Bytes, BytesMut};
use realtime::Frames;
use tokio::sync::OnceCell;
use tracing::debug;

use crate::connection::Connection;
use read::{Incoming, Scratch};
use write::Outgoing;

/// An upgrade request and its connection.
type Upgrade = (Request, Framed<Connection, Codec>);

/// Serves the upgraded connections of one thread. The application is created for the first of them: it
/// takes as much memory as the one for plain requests, and most threads need none.
struct UpgradeService<A: ServiceFactory<Request>> {
    factory: A,
    application: OnceCell<A::Service>,
    scratch: Scratch,
}

impl<A: ServiceFactory<Request, Config = ()>> UpgradeService<A> {
    async fn application(&self) -> Result<&A::Service, Error> {
        let starting = async || self.factory.new_service(()).await;
        let started = self.application.get_or_try_init(starting).await;
        started.map_err(|_| error::ErrorInternalServerError("the application does not start"))
    }
}

/// A service for upgraded connections with this application.
pub(crate) fn service<A, B>(
    application: A,
) -> impl ServiceFactory<Upgrade, Config = (), Response = (), Error = Error, InitError = ()>
where
    A: ServiceFactory<
            Request,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    A::Service: 'static,
    B: MessageBody + 'static,
{
    let scratch = Rc::default();
    let service =
        Rc::new(UpgradeService { factory: application, application: OnceCell::new(), scratch });
    fn_factory(move || {
        let service = service.clone();
        let serve = move |upgrade| serve(service.clone(), Box::new(upgrade));
        ready(Ok(fn_service(serve)))
    })
}

/// Answers the handshake, and writes until the connection ends.
///
/// This future lives as long as its connection, so the state of the handshake is in a box of its own.
async fn serve<A, B>(service: Rc<UpgradeService<A>>, upgrade: Box<Upgrade>) -> Result<(), Error>
where
    A: ServiceFactory<Request, Config = (), Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    let outgoing = Box::pin(open(service, upgrade)).await?;
    if let Err(error) = outgoing.await {
        debug!("a socket ended: {error}");
    }
    Ok(())
}

/// Answers the handshake.
async fn open<A, B>(
    service: Rc<UpgradeService<A>>,
    upgrade: Box<Upgrade>,
) -> Result<Outgoing, Error>
where
    A: ServiceFactory<Request, Config = (), Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    let (request, framed) = *upgrade;
    let application = service.application().await?;
    let FramedParts { io, mut codec, read_buf, .. } = framed.into_parts();
    let io = io.into_inner();
    // Frames are batched before they are written, so Nagle's algorithm would only delay them.
    if let Err(error) = io.set_nodelay(true) {
        debug!("TCP_NODELAY cannot be set: {error}");
    }
    let (read_half, write_half) = io.into_split();
    let incoming = Incoming::new(read_half, &read_buf, service.scratch.clone());
    drop(read_buf);
    let payload: Payload = Payload::Stream { payload: Box::pin(incoming) };
    let (request, _) = request.replace_payload(payload);
    let (head, socket) = answer(&mut codec, application.call(request).await?).await?;
    Ok(Outgoing::new(write_half, head, socket))
}

/// The encoded response, and the frames of an open socket. A refusal is encoded with its body.
async fn answer<B: MessageBody + 'static>(
    codec: &mut Codec,
    response: ServiceResponse<B>,
) -> Result<(Bytes, Option<Frames>), Error> {
    let (request, mut response) = response.into_parts();
    drop(request);
    let frames = response.extensions_mut().remove();
    let mut response: Response<B> = response.into();
    let mut head = BytesMut::new();
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let response = response.drop_body();
        codec.encode(Message::Item((response, BodySize::Stream)), &mut head)?;
        return Ok((head.freeze(), frames));
    }
    response.head_mut().set_connection_type(ConnectionType::Close);
    let (response, body) = response.into_parts();
    let body = body::to_bytes(body).await.map_err(|_| error::PayloadError::Incomplete(None))?;
    codec.encode(Message::Item((response, BodySize::Sized(body.len() as u64))), &mut head)?;
    codec.encode(Message::Chunk(Some(body)), &mut head)?;
    codec.encode(Message::Chunk(None), &mut head)?;
    Ok((head.freeze(), None))
}
