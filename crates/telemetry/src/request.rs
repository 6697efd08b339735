//! One span and one line for each request.
//!
//! A line names the route, such as `/api/rooms/by-code/{share_code}`, and never the path: paths
//! hold share codes and ids that speak for people, and query strings may hold passwords.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use api::RequestId;
use tracing::{Span, field, info, info_span};
use tracing_actix_web::{RootSpanBuilder, TracingLogger};

/// The layer that gives every request its span and its line.
pub fn request_logger() -> TracingLogger<RequestSpan> {
    TracingLogger::new()
}

/// Builds a request's span and writes its line.
pub struct RequestSpan;

struct Arrival(Instant);

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        request.extensions_mut().insert(Arrival(Instant::now()));
        let extensions = request.extensions();
        let id = extensions.get::<RequestId>().map(field::display);
        info_span!("request", request_id = id, method = %request.method())
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let Ok(response) = outcome else { return };
        let request = response.request();
        let route = request.match_pattern().unwrap_or_else(|| "(no route)".to_owned());
        let arrival = request.extensions().get::<Arrival>().map(|it| it.0.elapsed());
        let duration_ms = arrival.unwrap_or_default().as_secs_f64() * 1e3;
        let (method, status) = (request.method(), response.status().as_u16());
        span.in_scope(|| {
            info!(route, status, duration_ms, "{method} {route} {status} {duration_ms:.1} ms");
        });
    }
}
