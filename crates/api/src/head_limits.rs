//! Bounds of the head of a request. actix itself reads up to 128 KiB and refuses without an answer.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError};

use crate::limits::{HeadLimits, limits};
use crate::problem::Problem;

/// Refuses a request by its head, before any work: a URL or headers that are too long, CONNECT, and a
/// body on a request that upgrades its connection.
pub async fn limit_head<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let head = limits(request.request())?.head;
    match head.judge(&request) {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(problem) => Ok(request.into_response(problem.error_response()).map_into_right_body()),
    }
}

impl HeadLimits {
    fn judge(self, request: &ServiceRequest) -> Result<(), Problem> {
        if request.method() == Method::CONNECT {
            return Err(Problem::method_not_allowed(HeaderValue::from_static("")));
        }
        if request.head().upgrade() && has_body(request) {
            let detail = "A request that upgrades its connection has no body";
            return Err(Problem::new(StatusCode::BAD_REQUEST, "upgrade_with_body", detail));
        }
        let url = request.uri().path_and_query().map_or(0, |it| it.as_str().len());
        if url > self.url {
            let detail = format!("The URL is longer than {} bytes", self.url);
            return Err(Problem::new(StatusCode::URI_TOO_LONG, "url_too_long", detail));
        }
        let headers = request.headers().iter();
        let bytes: usize = headers.map(|(name, value)| name.as_str().len() + value.len()).sum();
        if bytes > self.headers {
            let detail = format!("The headers are longer than {} bytes", self.headers);
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            return Err(Problem::new(status, "headers_too_large", detail));
        }
        Ok(())
    }
}

/// Whether a body follows the head (RFC 9112, section 6.3).
fn has_body(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    let length = headers.get(CONTENT_LENGTH).map(HeaderValue::as_bytes);
    headers.contains_key(TRANSFER_ENCODING) || length.is_some_and(|it| it != b"0")
}
