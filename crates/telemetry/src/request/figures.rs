//! Requests, counted and timed by method, route and status.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use actix_web::http::Method;
use metrics::{Counter, Histogram, counter, histogram};

/// The labels of a request. Their number is bounded by routes and statuses: no label contains text of a
/// client.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub(super) method: &'static str,
    pub(super) route: String,
    pub(super) status: u16,
}

struct Figures {
    requests: Counter,
    seconds: Histogram,
}

thread_local! {
    /// The metrics of each kind, so that a request needs no lookup in the registry.
    static KNOWN: RefCell<HashMap<Kind, Figures>> = RefCell::default();
}

/// Counts a request of this duration.
pub(super) fn note(kind: Kind, time: Duration) {
    KNOWN.with_borrow_mut(|known| {
        let figures = known.entry(kind).or_insert_with_key(Figures::of);
        figures.requests.increment(1);
        figures.seconds.record(time);
    });
}

impl Figures {
    fn of(Kind { method, route, status }: &Kind) -> Self {
        let labels = [
            ("method", (*method).to_owned()),
            ("route", route.clone()),
            ("status", status.to_string()),
        ];
        Self {
            requests: counter!("cardroom_http_requests_total", &labels),
            seconds: histogram!("cardroom_http_request_duration_seconds", &labels),
        }
    }
}

/// The method, or `other` for one that is not standard.
pub(super) fn method_name(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|name| *name == method.as_str()).unwrap_or("other")
}
