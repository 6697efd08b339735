//! Sessions over HTTP.

use actix_web::web::{Data, Json as Answer};
use actix_web::{CustomizeResponder, HttpRequest, Responder, delete, get, post};
use api::{
    AuthErrors, Authed, BodyErrors, ErrorBody, Input, InputErrors, OptionalJson, OverloadErrors,
    Path, Problem,
};
use chrono::TimeDelta;
use ids::SessionId;

use super::requests::RefreshRequest;
use super::views::{Message, RefreshView, SessionView, SessionsEnded};
use crate::error::AuthError;
use crate::sessions::{cookie, lifecycle};
use crate::tokens::RefreshToken;
use crate::{Auth, Client, SignedIn};

/// Get the next pair of tokens
///
/// The refresh token comes in the body or, where the settings say so, as a cookie. It is replaced by
/// the one in the answer. When no answer came, or two tabs asked at once, the same token may be sent
/// again within a minute, until the new one is used, and gives the same pair. A token that was
/// replaced earlier ends the session.
#[utoipa::path(tag = "auth", request_body(content = Option<RefreshRequest>), responses(
    BodyErrors, OverloadErrors,
    (status = 200, description = "The next pair", body = RefreshView),
    (status = 401, description = "The refresh token is not good", body = ErrorBody),
    (status = 403, description = "The account is inactive", body = ErrorBody),
))]
#[post("/api/auth/refresh")]
pub(crate) async fn refresh(
    auth: Data<Auth>,
    client: Client,
    request: HttpRequest,
    Input(OptionalJson(body)): Input<OptionalJson<RefreshRequest>>,
) -> Result<CustomizeResponder<Answer<RefreshView>>, Problem> {
    let token = token(&auth, &request, body).ok_or(AuthError::BadRefreshToken)?;
    let pair = crate::sessions::refresh::exchange(&auth, &token, &client).await?;
    let is_cookie = auth.rules.refresh_cookie;
    let cookie = is_cookie.then(|| cookie_of(&auth, &pair.refresh_token));
    let answer = Answer(RefreshView::new(pair, !is_cookie)).customize();
    Ok(cookie.into_iter().fold(answer, CustomizeResponder::insert_header))
}

/// Log out
///
/// Ends the session of the refresh token or, without one, of the access token.
#[utoipa::path(tag = "auth", request_body(content = Option<RefreshRequest>),
    security((), ("bearer" = [])),
    responses(
        AuthErrors, BodyErrors, OverloadErrors,
        (status = 200, description = "Logged out", body = Message),
    ),
)]
#[post("/api/auth/logout")]
pub(crate) async fn logout(
    auth: Data<Auth>,
    client: Client,
    request: HttpRequest,
    Input(OptionalJson(body)): Input<OptionalJson<RefreshRequest>>,
) -> Result<CustomizeResponder<Answer<Message>>, Problem> {
    if let Some(token) = token(&auth, &request, body) {
        lifecycle::log_out_by_token(&auth, &token, &client).await?;
    } else {
        let SignedIn { account, session, .. } = SignedIn::of(&request).await?;
        if let Some(session) = session {
            lifecycle::log_out(&auth, account.id, session, &client).await?;
        }
    }
    let answer = Answer(Message::new("Logged out")).customize();
    Ok(if auth.rules.refresh_cookie { answer.insert_header(cookie::clear()) } else { answer })
}

/// List one's own sessions
///
/// Those that last, the one used last before the others.
#[utoipa::path(tag = "auth", security(("bearer" = [])), responses(
    AuthErrors, OverloadErrors,
    (status = 200, description = "The sessions", body = Vec<SessionView>),
))]
#[get("/api/auth/sessions")]
pub(crate) async fn list_sessions(
    auth: Data<Auth>,
    caller: SignedIn,
) -> Result<Answer<Vec<SessionView>>, Problem> {
    let sessions = lifecycle::list(&auth, caller.account.id).await?;
    let views = sessions.into_iter().map(|it| SessionView::new(it, caller.session));
    Ok(Answer(views.collect()))
}

/// End one of one's own sessions
#[utoipa::path(tag = "auth", security(("bearer" = [])),
    params(Path<SessionId>),
    responses(
        AuthErrors, InputErrors, OverloadErrors,
        (status = 200, description = "Ended", body = Message),
        (status = 404, description = "There is no such session", body = ErrorBody),
    ),
)]
#[delete("/api/auth/sessions/{session_id}")]
pub(crate) async fn end_session(
    auth: Data<Auth>,
    client: Client,
    Authed(caller, Path(session)): Authed<SignedIn, Path<SessionId>>,
) -> Result<Answer<Message>, Problem> {
    lifecycle::end_one(&auth, &caller, session, &client).await?;
    Ok(Answer(Message::new("The session was ended")))
}

/// End all of one's own sessions but the one that asks
#[utoipa::path(tag = "auth", security(("bearer" = [])), responses(
    AuthErrors, OverloadErrors,
    (status = 200, description = "Ended", body = SessionsEnded),
))]
#[delete("/api/auth/sessions")]
pub(crate) async fn end_other_sessions(
    auth: Data<Auth>,
    client: Client,
    caller: SignedIn,
) -> Result<Answer<SessionsEnded>, Problem> {
    let ended = lifecycle::end_others(&auth, &caller, &client).await?;
    Ok(Answer(SessionsEnded { message: "All other sessions were ended", ended }))
}

/// The refresh token of a request: from the body or, where the settings say so, from the cookie.
fn token(auth: &Auth, request: &HttpRequest, body: Option<RefreshRequest>) -> Option<String> {
    let cookie = || auth.rules.refresh_cookie.then(|| cookie::read(request)).flatten();
    body.and_then(|it| it.refresh_token).or_else(cookie)
}

/// The header that sets a refresh token as a cookie.
pub(super) fn cookie_of(
    auth: &Auth,
    token: &RefreshToken,
) -> (actix_web::http::header::HeaderName, String) {
    let idle = TimeDelta::days(auth.rules.session_idle_days);
    cookie::set(&token.text(), idle.num_seconds())
}
