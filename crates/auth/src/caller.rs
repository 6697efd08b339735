//! Extractors that authenticate a request.

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

use crate::accounts::Account;
use crate::accounts::Role;
use crate::context::Auth;
use crate::error::AuthError;
use crate::tokens::VisitorClaims;

/// An active account with a valid token and a password that it need not change.
pub struct Caller(pub Arc<Account>);

/// A [`Caller`] who is an administrator.
pub struct Admin(pub Arc<Account>);

/// An account or a visitor, with a valid token.
pub enum Holder {
    /// A [`Caller`].
    Account(Arc<Account>),
    /// A visitor of a room.
    Visitor(VisitorClaims),
}

/// A [`Caller`] at a route for everyone: none when the request has no token that makes one.
pub struct OptionalCaller(pub Option<Arc<Account>>);

/// An active account with a valid token. It may still have to change its password.
pub struct SignedIn {
    /// The account.
    pub account: Arc<Account>,
    /// The session of the token; none for a token of the earlier backend.
    pub session: Option<SessionId>,
    /// The moment from which the token is refused.
    pub until: DateTime<Utc>,
}

impl SignedIn {
    /// Authenticates a request.
    ///
    /// # Errors
    /// When the request has no valid token, or the account is inactive.
    pub async fn of(request: &HttpRequest) -> Result<Self, AuthError> {
        let signed_in = Self::any(request).await?;
        if signed_in.account.is_active { Ok(signed_in) } else { Err(AuthError::Inactive) }
    }

    /// The same, for inactive accounts as well.
    async fn any(request: &HttpRequest) -> Result<Self, AuthError> {
        let auth = request.app_data::<Data<Auth>>().ok_or(AuthError::NoToken)?;
        let signed_in = auth.identify(bearer(request)?).await?;
        request.extensions_mut().insert(Principal::Account(signed_in.account.id));
        Ok(signed_in)
    }
}

impl Auth {
    /// Authenticates an access token, of an active or inactive account.
    ///
    /// # Errors
    /// When the token is not valid, its session is over, or its account was deleted.
    pub async fn identify(&self, token: &str) -> Result<SignedIn, AuthError> {
        let claims = self.access_tokens.read(token)?;
        let account = self.accounts.of_claims(claims).await?;
        if let Some(account) = account.filter(|it| it.id == claims.account) {
            return Ok(SignedIn { account, session: claims.session, until: claims.until });
        }
        // A deleted account has no sessions either.
        match self.accounts.find(claims.account).await? {
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

impl OptionalCaller {
    async fn of(request: HttpRequest) -> Result<Self, AuthError> {
        match Caller::of(request).await {
            Ok(Caller(account)) => Ok(Self(Some(account))),
            Err(AuthError::Database(error)) => Err(error.into()),
            Err(_) => Ok(Self(None)),
        }
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

/// An assigned password has to be changed before anything else.
fn owns_password(account: &Account) -> Result<(), AuthError> {
    if account.must_change_password { Err(AuthError::MustChangePassword) } else { Ok(()) }
}

/// The claims of a visitor token, if the request carries one.
fn visitor_of(request: &HttpRequest) -> Option<VisitorClaims> {
    let auth = request.app_data::<Data<Auth>>()?;
    let claims = bearer(request).ok().and_then(|token| auth.visitor_tokens.read(token))?;
    request.extensions_mut().insert(Principal::Visitor(claims.visitor));
    Some(claims)
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

impl FromRequest for OptionalCaller {
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
        if let Some(claims) = visitor_of(request) {
            return ready(Ok(Self::Visitor(claims))).boxed_local();
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
