//! Buffering a body before any work begins.

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::Method;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::Bytes;
use futures::{StreamExt, stream};

use crate::limits::limits;
use crate::problem::Problem;

/// Receives the body of a request, up to the largest that any handler takes. Its reader afterwards gets
/// the same bytes, and the error that ended it. The body of a websocket handshake is left alone: it
/// follows the answer. Returns the number of bytes that arrived.
///
/// # Errors
/// When the application was configured without limits.
pub async fn buffer_body(request: &mut ServiceRequest) -> Result<usize, Problem> {
    if request.method() == Method::GET && request.head().upgrade() {
        return Ok(0);
    }
    let largest = limits(request.request())?.largest();
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|it| it.to_str().ok());
    let announced: usize = announced.and_then(|it| it.parse().ok()).unwrap_or(0);
    let payload = request.parts_mut().1.take();
    let (payload, size) = match payload {
        Payload::None => return Ok(0),
        // The extractor refuses it by its announced length, without reading.
        payload if announced > largest => (payload, 0),
        payload => arrived(payload, largest).await,
    };
    request.set_payload(payload);
    Ok(size)
}

async fn arrived(mut payload: Payload, largest: usize) -> (Payload, usize) {
    let mut chunks = Vec::with_capacity(1);
    let mut size = 0;
    while size <= largest {
        let Some(chunk) = payload.next().await else { break };
        let is_end = chunk.is_err();
        size += chunk.as_ref().map_or(0, Bytes::len);
        chunks.push(chunk);
        if is_end {
            break;
        }
    }
    (Payload::Stream { payload: Box::pin(stream::iter(chunks).chain(payload)) }, size)
}
