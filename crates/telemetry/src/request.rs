//! One span, one line and the figures for each request.
//!
//! A line names the route, such as `/api/rooms/by-code/{share_code}`, and never the path: paths
//! hold share codes and ids that speak for people, and query strings may hold passwords.

mod figures;
mod trace;

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use api::{Principal, RequestId};
use tracing::{Span, field, info, info_span};
use tracing_actix_web::{RootSpanBuilder, TracingLogger};

use figures::{Kind, method_name};

/// What the filter of the log calls the lines of requests.
pub(crate) const TARGET: &str = "request";

/// The layer that gives every request its span, its line and its place in the figures.
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
        let trace_id = trace::id_of(request.headers());
        info_span!("request", request_id = id, trace_id)
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let Ok(response) = outcome else { return };
        let request = response.request();
        let kind = Kind {
            method: method_name(request.method()),
            route: request.match_pattern().unwrap_or_else(|| "(no route)".to_owned()),
            status: response.status().as_u16(),
        };
        let extensions = request.extensions();
        let duration = extensions.get::<Arrival>().map(|it| it.0.elapsed()).unwrap_or_default();
        let principal = extensions.get::<Principal>().map(field::display);
        let duration_ms = duration.as_secs_f64() * 1e3;
        let Kind { method, ref route, status } = kind;
        span.in_scope(|| {
            info!(
                target: TARGET, method, route, status, duration_ms, principal,
                "{method} {route} {status} {duration_ms:.1} ms",
            );
        });
        figures::note(kind, duration);
    }
}
