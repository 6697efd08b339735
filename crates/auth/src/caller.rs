//! Who asks.

use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use api::Principal;
use futures::FutureExt;
use futures::future::LocalBoxFuture;

use crate::Auth;
use crate::account::Account;
use crate::error::AuthError;
use crate::pass::Pass;
use crate::role::Role;

/// Somebody with a good token and an active account.
pub struct Caller(pub Arc<Account>);

/// An administrator.
pub struct Admin(pub Arc<Account>);

impl Caller {
    async fn of(request: HttpRequest) -> Result<Self, AuthError> {
        let account = account_of(&request).await?;
        if account.is_active { Ok(Self(account)) } else { Err(AuthError::Inactive) }
    }
}

impl Admin {
    async fn of(request: HttpRequest) -> Result<Self, AuthError> {
        let account = account_of(&request).await?;
        if !account.is_active {
            return Err(AuthError::AdminInactive);
        }
        if account.roles.has(Role::Admin) { Ok(Self(account)) } else { Err(AuthError::NotAdmin) }
    }
}

/// The pass of a visitor, if the request carries one.
pub fn pass_of(request: &HttpRequest) -> Option<Pass> {
    let auth = request.app_data::<Data<Auth>>()?;
    let pass = bearer(request).ok().and_then(|token| auth.passes.read(token))?;
    request.extensions_mut().insert(Principal::Visitor(pass.visitor));
    Some(pass)
}

async fn account_of(request: &HttpRequest) -> Result<Arc<Account>, AuthError> {
    let auth = request.app_data::<Data<Auth>>().ok_or(AuthError::NoToken)?;
    let subject = auth.tokens.subject(bearer(request)?)?;
    let id = subject.parse().map_err(|_| AuthError::BadSubject)?;
    let account = auth.accounts.find(id).await?.ok_or(AuthError::NoSuchUser)?;
    request.extensions_mut().insert(Principal::Account(account.id));
    Ok(account)
}

fn bearer(request: &HttpRequest) -> Result<&str, AuthError> {
    let header = request.headers().get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    let (scheme, token) = header.and_then(|it| it.split_once(' ')).ok_or(AuthError::NoToken)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(AuthError::NoToken) }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Self::of(request.clone()).map(|it| Ok(it?)).boxed_local()
    }
}

impl FromRequest for Admin {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Self::of(request.clone()).map(|it| Ok(it?)).boxed_local()
    }
}
