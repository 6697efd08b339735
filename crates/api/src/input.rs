//! Extractors of the input of a request, checked in the order that clients know.
//!
//! 1. A JSON body must be JSON (415, 413, 422 `json_invalid`), before the caller is authenticated.
//! 2. The caller must be authenticated and authorized ([`Authed`]).
//! 3. Path, query and body must be valid; one 422 lists all faults.

mod body;
mod parts;

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::Value;
use values::{Issue, Location};

pub use body::BodyLimits;
pub(crate) use body::limits;
pub use parts::{Document, Json, JsonOrQuery, OptionalJson, Path, Query};

use crate::problem::Problem;

/// The content type of JSON.
const JSON: &str = "application/json";

/// A part of a request: the path, the query, the body, a header, or a tuple of two to four of them.
pub trait RequestPart: Sized {
    /// The content types of the body that this part reads; empty when it reads no body.
    const MEDIA: &'static [&'static str] = &[];

    /// The largest body that this part reads, in bytes; `None` when it reads no body.
    fn body_limit(limits: &BodyLimits) -> Option<usize> {
        let _ = limits;
        None
    }

    /// Reads the part, and records its faults in the list of the raw request.
    fn read(raw: &mut RawRequest<'_>) -> Option<Self>;
}

/// A request before it is parsed: its head, its whole body, and the faults so far.
pub struct RawRequest<'a> {
    pub(crate) request: &'a HttpRequest,
    pub(crate) body: &'a [u8],
    pub(crate) limits: BodyLimits,
    pub(crate) issues: Vec<Issue>,
}

impl RawRequest<'_> {
    /// The request's head.
    pub fn request(&self) -> &HttpRequest {
        self.request
    }

    /// The whole body.
    pub fn body(&self) -> &[u8] {
        self.body
    }

    /// The bounds of bodies.
    pub fn limits(&self) -> BodyLimits {
        self.limits
    }

    /// The body as the location of faults.
    pub fn body_location(&mut self) -> Location<'_> {
        Location::new(vec![Value::from("body")], &mut self.issues)
    }
}

/// The input of a request that needs no authentication.
pub struct Input<T>(pub T);

/// The caller of a request, and its input.
pub struct Authed<C, T>(pub C, pub T);

impl<T: RequestPart + 'static> FromRequest for Input<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let anyone = Authed::<(), T>::from_request(request, payload);
        async { anyone.await.map(|Authed((), said)| Self(said)) }.boxed_local()
    }
}

impl<C: FromRequest, T: RequestPart> FromRequest for Authed<C, T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        async move {
            let limits = limits(&request)?;
            let body = body::read::<T>(&request, payload, limits).await?;
            let caller = C::from_request(&request, &mut Payload::None).await.map_err(Into::into)?;
            Ok(Self(caller, understand(&request, &body, limits)?))
        }
        .boxed_local()
    }
}

fn understand<T: RequestPart>(
    request: &HttpRequest,
    body: &[u8],
    limits: BodyLimits,
) -> Result<T, Problem> {
    let mut raw = RawRequest { request, body, limits, issues: Vec::new() };
    T::read(&mut raw).ok_or_else(|| Problem::invalid(raw.issues))
}

/// No part, for requests without input.
impl RequestPart for () {
    fn read(_: &mut RawRequest<'_>) -> Option<Self> {
        Some(())
    }
}

/// Several parts of one request. All are read before one of them is missed, so that every fault is
/// reported.
macro_rules! tuple_part {
    ($($part:ident),+) => {
        impl<$($part: RequestPart),+> RequestPart for ($($part,)+) {
            const MEDIA: &'static [&'static str] = first_not_empty(&[$($part::MEDIA),+]);

            fn body_limit(limits: &BodyLimits) -> Option<usize> {
                [$($part::body_limit(limits)),+].into_iter().max().flatten()
            }

            fn read(raw: &mut RawRequest<'_>) -> Option<Self> {
                let parts = ($($part::read(raw),)+);
                #[expect(non_snake_case, reason = "each value is named after its type")]
                let ($($part,)+) = parts;
                Some(($($part?,)+))
            }
        }
    };
}

tuple_part!(A, B);
tuple_part!(A, B, C);
tuple_part!(A, B, C, D);

/// The media types of the part that reads the body; one part of a request does at most.
const fn first_not_empty(lists: &[&'static [&'static str]]) -> &'static [&'static str] {
    let mut index = 0;
    while index < lists.len() {
        if !lists[index].is_empty() {
            return lists[index];
        }
        index += 1;
    }
    &[]
}
