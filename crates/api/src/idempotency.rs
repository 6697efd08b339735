//! The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07).

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use values::{Fault, IdempotencyKey, Location};

use crate::input::{RawRequest, RequestPart};
use crate::problem::Problem;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// Longest key, in bytes.
const KEY_MAX: usize = 255;

/// Visible ASCII characters, for the description of the API.
const PATTERN: &str = "^[!#-~]+$";

/// Seconds after which a request in flight may be answered.
const RETRY_SECS: u64 = 1;

/// The key of a request that its client may repeat; none when it will not.
pub struct Idempotency(Option<IdempotencyKey>);

impl Idempotency {
    /// Begins an attempt at the request, if it has a key; `begin` gives none when a request of the same
    /// author with the same key is in flight.
    ///
    /// # Errors
    /// 409 when a request with the same key is in flight.
    pub fn begin<A>(
        self,
        begin: impl FnOnce(IdempotencyKey) -> Option<A>,
    ) -> Result<Option<A>, Problem> {
        let Some(key) = self.0 else { return Ok(None) };
        begin(key).map(Some).ok_or_else(|| {
            let detail = "A request with this Idempotency-Key is under way";
            Problem::new(StatusCode::CONFLICT, "request_in_flight", detail).retry_after(RETRY_SECS)
        })
    }
}

impl IntoParams for Idempotency {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let parameter = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "Names the request, so that repeating it within 24 hours gives the same answer and no second effect",
            ))
            .schema(Some(
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some(PATTERN))
                    .max_length(Some(KEY_MAX)),
            ));
        vec![parameter.build()]
    }
}

/// 422: the key was used for another request.
pub fn key_reused() -> Problem {
    let detail = "This Idempotency-Key was used for another request";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail)
}

impl RequestPart for Idempotency {
    fn read(raw: &mut RawRequest<'_>) -> Option<Self> {
        let headers = raw.request.headers();
        let Some(sent) = headers.get(HEADER) else { return Some(Self(None)) };
        let sent = sent.to_str().unwrap_or_default().trim();
        // The draft puts the key in quotes; most clients do not.
        let key = sent.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(sent);
        if (1..=KEY_MAX).contains(&key.len()) {
            let (key, fingerprint) = (key.to_owned(), fingerprint(raw, headers));
            return Some(Self(Some(IdempotencyKey { key, fingerprint })));
        }
        let loc = vec![Value::from("header"), Value::from("Idempotency-Key")];
        let fault = Fault::new("value_error", "Value error, 1 to 255 visible ASCII characters");
        Location::new(loc, &mut raw.issues).reject(&Value::from(key), fault)
    }
}

/// A hash of everything that changes the effect of a request: two requests with one fingerprint are the same.
fn fingerprint(raw: &RawRequest<'_>, headers: &HeaderMap) -> Vec<u8> {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    };
    add(raw.request.method().as_str().as_bytes());
    add(raw.request.path().as_bytes());
    for name in [CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH] {
        add(headers.get(name).map_or(b"", |it| it.as_bytes()));
    }
    add(raw.body);
    hash.finalize().to_vec()
}
