//! The id of a request in answers and logs.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use uuid::Uuid;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request: the client's own when it is safe to log, otherwise a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// The id that was given to this request; empty before [`assign_request_id`] ran.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let given = request.extensions().get::<Self>().cloned();
        given.unwrap_or(Self(HeaderValue::from_static("")))
    }

    fn choose(sent: Option<&HeaderValue>) -> Self {
        match sent {
            Some(value) if is_safe_to_log(value.as_bytes()) => Self(value.clone()),
            _ => Self::mint(),
        }
    }

    fn mint() -> Self {
        let text = Uuid::new_v4().to_string();
        Self(HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("")))
    }
}

/// 8 to 64 letters, digits and hyphens: nothing that could forge a log line.
fn is_safe_to_log(id: &[u8]) -> bool {
    (8..=64).contains(&id.len()) && id.iter().all(|it| it.is_ascii_alphanumeric() || *it == b'-')
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromRequest for RequestId {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// Gives every request its id and every answer the header `x-request-id`.
pub async fn assign_request_id<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let id = RequestId::choose(request.headers().get(HEADER));
    request.extensions_mut().insert(id.clone());
    let mut response = next.call(request).await?;
    response.headers_mut().insert(HEADER, id.0);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sent: &str, kept: bool) {
        let value = HeaderValue::from_str(sent).unwrap();
        assert_eq!(RequestId::choose(Some(&value)).as_str() == sent, kept, "{sent}");
    }

    #[test]
    fn a_clients_id_is_kept_when_it_is_safe_to_log() {
        check("checkout-42", true);
        check("short", false);
        check("12345678\"} forged", false);
        check(&"x".repeat(64), true);
        check(&"x".repeat(65), false);
    }
}
