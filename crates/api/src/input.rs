//! What a request says, checked in the order that clients know.
//!
//! 1. A JSON body must be JSON (415, 413, 422 `json_invalid`), whoever asks.
//! 2. Who asks must be allowed to ([`Authed`]).
//! 3. Path, query and body must be valid; one 422 names all faults.

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

/// A piece of a request: the path, the query, the body, or several of them.
pub trait RequestPart: Sized {
    /// The content types of a body that this part takes; none when it leaves the body alone.
    const MEDIA: &'static [&'static str] = &[];

    /// The largest body this part takes, or `None` when it leaves the body alone.
    fn body_limit(limits: &BodyLimits) -> Option<usize> {
        let _ = limits;
        None
    }

    /// Reads the part; what is wrong is noted in the raw request's list.
    fn read(raw: &mut RawRequest<'_>) -> Option<Self>;
}

/// A request before it is understood: its head, its whole body, and what was found wrong.
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

    /// How large bodies may be.
    pub fn limits(&self) -> BodyLimits {
        self.limits
    }

    /// The body, as a place where something is wrong.
    pub fn body_location(&mut self) -> Location<'_> {
        Location::new(vec![Value::from("body")], &mut self.issues)
    }
}

/// What a request says, for everyone.
pub struct Input<T>(pub T);

/// Who asks, and what the request says.
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

/// No part: for requests that say all by who asks.
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
