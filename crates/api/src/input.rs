//! Extractors of the input of a request, checked in the order that clients know.
//!
//! 1. A JSON body must be JSON (415, 413, 422 `json_invalid`), before the caller is authenticated.
//! 2. The caller must be authenticated and authorized ([`Authed`]).
//! 3. Path, query and body must be valid; one 422 lists all faults.

mod body;
mod part;
mod parts;

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use futures::FutureExt;
use futures::future::LocalBoxFuture;

pub use body::cut_off;
pub use part::{RawRequest, RequestPart};
pub use parts::{Document, Json, JsonOrQuery, LargeJson, OptionalJson, Path, Query};

use crate::limits::{BodyLimits, limits};
use crate::problem::Problem;

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
