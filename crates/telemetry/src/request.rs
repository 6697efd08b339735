//! One span, one log line and the metrics of each request.
//!
//! A line names the route, such as `/api/rooms/by-code/{share_code}`, and never the path: paths contain
//! share codes and ids that authorize requests, and query strings may contain passwords.

mod figures;
mod trace;

use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use api::RequestId;
use ids::Principal;
use timings::{Wait, Waits, collect};
use tracing::{Span, field, info, info_span};
use tracing_actix_web::{RootSpanBuilder, TracingLogger};

use figures::{Kind, method_name};

use crate::outcome::{Ended, TARGET};
use crate::traces;

/// The layer that gives every request its span, its line and its metrics.
pub fn request_logger() -> TracingLogger<RequestSpan> {
    TracingLogger::new()
}

/// The layer that records the waits of a request for its line.
///
/// # Errors
/// Those of the request.
pub async fn watch_waits<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let waits = Rc::new(Waits::default());
    request.extensions_mut().insert(Rc::clone(&waits));
    collect(waits, next.call(request)).await
}

/// Builds the span of a request and writes its line.
pub struct RequestSpan;

struct Arrival(Instant);

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        request.extensions_mut().insert(Arrival(Instant::now()));
        let extensions = request.extensions();
        let id = extensions.get::<RequestId>().map(field::display);
        let trace = trace::of(request.headers());
        let span = info_span!("request", request_id = id, trace_id = trace.map(|it| it.1));
        traces::continue_from(&span, trace.map(|it| it.0));
        span
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
        let duration_ms = ms(duration);
        let waits = extensions.get::<Rc<Waits>>();
        let waited = |wait| waits.and_then(|it| it.of(wait)).map(ms);
        let Kind { method, ref route, status } = kind;
        span.in_scope(|| {
            info!(
                target: TARGET, method, route, status, duration_ms, principal,
                slot_ms = waited(Wait::Slot), pool_ms = waited(Wait::Connection),
                lookup_ms = waited(Wait::Lookup),
                hash_ms = waited(Wait::Hash), commit_ms = waited(Wait::Commit),
                "{method} {route} {status} {duration_ms:.1} ms",
            );
        });
        traces::describe(&span, &Ended { method, route, status });
        figures::note(kind, duration);
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
