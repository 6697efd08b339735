//! The time limit of a request body. actix limits the time of the head alone.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::middleware::Next;
use actix_web::rt::time::{Sleep, sleep};
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage, HttpRequest};
use futures::Stream;

use crate::limits::limits;

/// Ends a body with an error when it does not arrive in time, and closes the connection when a body was
/// not read to its end.
pub async fn limit_body_time<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let payload = request.parts_mut().1.take();
    if matches!(payload, Payload::None) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let time = limits(request.request())?.time_of(request.headers());
    let incoming = Incoming::new(payload, time);
    if request.head().upgrade() {
        request.extensions_mut().insert(incoming.clone());
    }
    request.set_payload(Payload::Stream { payload: Box::pin(incoming.clone()) });
    let response = next.call(request).await?;
    if incoming.has_ended() {
        return Ok(response.map_into_left_body());
    }
    Ok(response.map_body(|_, body| EitherBody::right(BoxBody::new(Held::new(body, incoming)))))
}

/// Removes the time limit of a body: the frames of a websocket are the body of its handshake.
pub fn disable_body_timeout(request: &HttpRequest) {
    if let Some(incoming) = request.extensions_mut().remove::<Incoming>() {
        incoming.0.borrow_mut().is_unlimited = true;
    }
}

/// A body that is being received. Cloning shares it.
#[derive(Clone)]
struct Incoming(Rc<RefCell<Timed>>);

struct Timed {
    payload: Payload,
    time: Duration,
    /// The deadline; created only when the body did not arrive together with the head.
    end: Option<Pin<Box<Sleep>>>,
    has_ended: bool,
    is_unlimited: bool,
}

impl Incoming {
    fn new(payload: Payload, time: Duration) -> Self {
        Self(Rc::new(RefCell::new(Timed {
            payload,
            time,
            end: None,
            has_ended: false,
            is_unlimited: false,
        })))
    }

    fn has_ended(&self) -> bool {
        self.0.borrow().has_ended
    }
}

impl Stream for Incoming {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll(context)
    }
}

impl Timed {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        if let Poll::Ready(chunk) = Pin::new(&mut self.payload).poll_next(context) {
            self.has_ended = chunk.is_none();
            return Poll::Ready(chunk);
        }
        if self.is_unlimited {
            return Poll::Pending;
        }
        let end = self.end.get_or_insert_with(|| Box::pin(sleep(self.time)));
        end.as_mut().poll(context).map(|()| Some(Err(PayloadError::Io(ErrorKind::TimedOut.into()))))
    }
}

/// The answer to a request whose body was not read to its end. While the body is held, actix closes the
/// connection within a second of the answer; once dropped, actix would wait for the rest without a limit.
struct Held {
    answer: BoxBody,
    _rest: Incoming,
}

impl Held {
    fn new(answer: impl MessageBody + 'static, rest: Incoming) -> Self {
        Self { answer: answer.boxed(), _rest: rest }
    }
}

impl MessageBody for Held {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.answer.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.answer).poll_next(context)
    }
}
