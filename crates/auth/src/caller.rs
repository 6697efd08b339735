//! Who asks.

use std::future::ready;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use ids::{Principal, SessionId};

use crate::Auth;
use crate::account::Account;
use crate::error::AuthError;
use crate::pass::Pass;
use crate::role::Role;

/// Somebody with a good token, an active account and a password of their own.
pub struct Caller(pub Arc<Account>);

/// An administrator.
pub struct Admin(pub Arc<Account>);

/// Somebody with a good token, of an account or of a visitor.
pub enum Holder {
    /// A [`Caller`].
    Account(Arc<Account>),
    /// A visitor of a room.
    Visitor(Pass),
}

/// Somebody with a good token and an active account, who may still have to choose a password.
pub struct SignedIn {
    /// The account.
    pub account: Arc<Account>,
    /// The session that the token belongs to; none when it is a token of the earlier backend.
    pub session: Option<SessionId>,
    /// The moment from which the token is refused.
    pub until: DateTime<Utc>,
}

impl SignedIn {
    /// Who sends this request.
    ///
    /// # Errors
    /// When no good token came with it, or the account is inactive.
    pub async fn of(request: &HttpRequest) -> Result<Self, AuthError> {
        let signed_in = Self::any(request).await?;
        if signed_in.account.is_active { Ok(signed_in) } else { Err(AuthError::Inactive) }
    }

    /// The same, of an inactive account, too.
    async fn any(request: &HttpRequest) -> Result<Self, AuthError> {
        let auth = request.app_data::<Data<Auth>>().ok_or(AuthError::NoToken)?;
        let signed_in = auth.identify(bearer(request)?).await?;
        request.extensions_mut().insert(Principal::Account(signed_in.account.id));
        Ok(signed_in)
    }
}

impl Auth {
    /// Whom an access token names, whether the account is active or not.
    ///
    /// # Errors
    /// When the token is not good, its session is over, or its account gone.
    pub async fn identify(&self, token: &str) -> Result<SignedIn, AuthError> {
        let bearer = self.tokens.read(token)?;
        let account = self.accounts.of_bearer(bearer).await?;
        if let Some(account) = account.filter(|it| it.id == bearer.account) {
            return Ok(SignedIn { account, session: bearer.session, until: bearer.until });
        }
        // An account that is gone took its sessions with it.
        match self.accounts.find(bearer.account).await? {
            Some(_) => Err(AuthError::SessionOver),
            None => Err(AuthError::NoSuchUser),
        }
    }
}

impl Caller {
    async fn of(request: HttpRequest) -> Result<Self, AuthError> {
        let account = SignedIn::of(&request).await?.account;
        owns_password(&account)?;
        Ok(Self(account))
    }
}

impl Admin {
    async fn of(request: HttpRequest) -> Result<Self, AuthError> {
        let account = SignedIn::any(&request).await?.account;
        if !account.is_active {
            return Err(AuthError::AdminInactive);
        }
        if !account.roles.has(Role::Admin) {
            return Err(AuthError::NotAdmin);
        }
        owns_password(&account)?;
        Ok(Self(account))
    }
}

/// Whoever was handed a password chooses their own before anything else.
fn owns_password(account: &Account) -> Result<(), AuthError> {
    if account.must_change_password { Err(AuthError::MustChangePassword) } else { Ok(()) }
}

/// The pass of a visitor, if the request carries one.
fn pass_of(request: &HttpRequest) -> Option<Pass> {
    let auth = request.app_data::<Data<Auth>>()?;
    let pass = bearer(request).ok().and_then(|token| auth.passes.read(token))?;
    request.extensions_mut().insert(Principal::Visitor(pass.visitor));
    Some(pass)
}

fn bearer(request: &HttpRequest) -> Result<&str, AuthError> {
    let header = request.headers().get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    let (scheme, token) = header.and_then(|it| it.split_once(' ')).ok_or(AuthError::NoToken)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(AuthError::NoToken) }
}

impl FromRequest for SignedIn {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        async move { Ok(Self::of(&request).await?) }.boxed_local()
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Self::of(request.clone()).map(|it| Ok(it?)).boxed_local()
    }
}

impl FromRequest for Holder {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        if let Some(pass) = pass_of(request) {
            return ready(Ok(Self::Visitor(pass))).boxed_local();
        }
        let caller = Caller::of(request.clone());
        caller
            .map(|it| it.map(|Caller(account)| Self::Account(account)).map_err(Error::from))
            .boxed_local()
    }
}

impl FromRequest for Admin {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Self::of(request.clone()).map(|it| Ok(it?)).boxed_local()
    }
}
