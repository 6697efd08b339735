//! An answer that is a page of a list.

use std::fmt::Display;

use actix_web::body::BoxBody;
use actix_web::http::header::LINK;
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;

/// 200 with the items as JSON and, unless it is the last page, a `Link` to the next one (RFC 8288).
pub struct Paged<T> {
    items: T,
    /// The query of the next page.
    next: Option<String>,
}

impl<T> Paged<T> {
    /// The last page.
    pub fn last(items: T) -> Self {
        Self { items, next: None }
    }

    /// A page with others after `last`, its last item. `filter` are the other parameters of the query.
    pub fn with_next(items: T, filter: &str, limit: i64, last: impl Display) -> Self {
        Self { items, next: Some(format!("{filter}limit={limit}&after={last}")) }
    }
}

impl<T: Serialize> Responder for Paged<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut answer = HttpResponse::Ok();
        if let Some(next) = self.next {
            answer.insert_header((LINK, format!("<{}?{next}>; rel=\"next\"", request.path())));
        }
        answer.json(self.items)
    }
}
