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

pub use body::BodyLimits;
pub(crate) use body::limits;
pub use parts::{Document, Json, JsonOrQuery, MaybeJson, Path, PathParam, Query};

use crate::fields::{Issue, Spot};
use crate::problem::Problem;

/// The content type of JSON.
const JSON: &str = "application/json";

/// A piece of a request: the path, the query, the body, or several of them.
pub trait Part: Sized {
    /// The content types of a body that this part takes; none when it leaves the body alone.
    const MEDIA: &'static [&'static str] = &[];

    /// The largest body this part takes, or `None` when it leaves the body alone.
    fn body_limit(limits: &BodyLimits) -> Option<usize> {
        let _ = limits;
        None
    }

    /// Reads the part; what is wrong is noted in the raw request's list.
    fn read(raw: &mut Raw<'_>) -> Option<Self>;
}

/// A request before it is understood: its head, its whole body, and what was found wrong.
pub struct Raw<'a> {
    pub(crate) request: &'a HttpRequest,
    pub(crate) body: &'a [u8],
    pub(crate) limits: BodyLimits,
    pub(crate) issues: Vec<Issue>,
}

impl Raw<'_> {
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
    pub fn body_spot(&mut self) -> Spot<'_> {
        Spot::new(vec![Value::from("body")], &mut self.issues)
    }
}

/// What a request says, for everyone.
pub struct Input<T>(pub T);

/// Who asks, and what the request says.
pub struct Authed<C, T>(pub C, pub T);

impl<T: Part + 'static> FromRequest for Input<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let anyone = Authed::<(), T>::from_request(request, payload);
        async { anyone.await.map(|Authed((), said)| Self(said)) }.boxed_local()
    }
}

impl<C: FromRequest, T: Part> FromRequest for Authed<C, T> {
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

fn understand<T: Part>(
    request: &HttpRequest,
    body: &[u8],
    limits: BodyLimits,
) -> Result<T, Problem> {
    let mut raw = Raw { request, body, limits, issues: Vec::new() };
    T::read(&mut raw).ok_or_else(|| Problem::invalid(raw.issues))
}

/// No part: for requests that say all by who asks.
impl Part for () {
    fn read(_: &mut Raw<'_>) -> Option<Self> {
        Some(())
    }
}

/// Two parts of one request.
pub struct Both<A, B>(pub A, pub B);

impl<A: Part, B: Part> Part for Both<A, B> {
    const MEDIA: &'static [&'static str] = if A::MEDIA.is_empty() { B::MEDIA } else { A::MEDIA };

    fn body_limit(limits: &BodyLimits) -> Option<usize> {
        A::body_limit(limits).max(B::body_limit(limits))
    }

    fn read(raw: &mut Raw<'_>) -> Option<Self> {
        // Both are read before either is missed, so that all faults are found.
        let (first, second) = (A::read(raw), B::read(raw));
        Some(Self(first?, second?))
    }
}
