//! How long the head of a request may be. actix reads up to 128 KiB of it before it says no, without a word.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError};

use crate::input::limits;
use crate::problem::Problem;

/// How long a head may be.
#[derive(Clone, Copy, Debug)]
pub struct HeadLimits {
    /// The path and the query, in bytes.
    pub url: usize,
    /// The names and values of all headers together, in bytes.
    pub headers: usize,
}

/// Refuses a request whose URL or headers are too long, before anybody works on it.
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
