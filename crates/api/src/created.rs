//! The answer to a request that created something.

use actix_web::body::BoxBody;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;

/// A thing that was created, as JSON shows it.
pub trait Located: Serialize {
    /// The path under which it is found (RFC 9110, section 15.3.2).
    fn location(&self) -> String;
}

/// 201 with the created thing as JSON, and its path in `Location`.
pub struct Created<T>(pub T);

impl<T: Located> Responder for Created<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Created().insert_header((LOCATION, self.0.location())).json(self.0)
    }
}
