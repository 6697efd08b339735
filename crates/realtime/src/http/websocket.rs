//! The handshake of a socket.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::http::header::ORIGIN;
use actix_web::web::{Payload, Query};
use actix_web::{HttpRequest, HttpResponse, get};
use admission::{ClientAddress, own_origin};
use api::{ErrorBody, Problem};
use serde_json::Value;
use utoipa::IntoResponses;

use crate::connection;
use crate::metrics::refused;
use crate::protocol::Version;
use crate::worker::Worker;

/// Seconds after which a client with too many sockets may retry.
const RETRY_SECS: u64 = 5;

/// The refusals in OpenAPI; the responses are [`Problem`]s.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its description is used")]
enum Refusals {
    /// No handshake of a websocket, or an unknown version
    #[response(status = 400)]
    NoHandshake(ErrorBody),
    /// The key is not valid
    #[response(status = 401)]
    BadKey(ErrorBody),
    /// The page may not open sockets
    #[response(status = 403)]
    ForeignPage(ErrorBody),
    /// Too many sockets of one address
    #[response(status = 429)]
    TooMany(ErrorBody),
    /// The service is about to restart
    #[response(status = 503)]
    Restarting(ErrorBody),
}

/// Open a socket
///
/// Serves the channel protocol of Supabase Realtime, in its versions 1.0.0 and 2.0.0. Topics are
/// `realtime:room:{room_id}`, optionally with a colon and a suffix. `/socket/websocket` is an alias.
#[utoipa::path(tag = "realtime",
    params(
        ("apikey" = Option<String>, Query, description = "The anonymous key, or a token"),
        ("vsn" = Option<String>, Query, description = "1.0.0 (the default) or 2.0.0"),
    ),
    responses(
        (status = 101, description = "The socket is open"),
        Refusals,
    ),
)]
#[get("/realtime/v1/websocket")]
pub(crate) async fn websocket(
    request: HttpRequest,
    payload: Payload,
    address: ClientAddress,
) -> Result<HttpResponse, Problem> {
    let worker = request.app_data::<Worker>().ok_or_else(missing_worker)?;
    let query = Query::<HashMap<String, String>>::from_query(request.query_string());
    let mut query = query.map(Query::into_inner).unwrap_or_default();
    let version = Version::parse(query.get("vsn").map(String::as_str));
    let version = version.ok_or_else(|| refuse(StatusCode::BAD_REQUEST, "unknown_version"))?;
    let origin = request.headers().get(ORIGIN).map(|it| it.to_str().unwrap_or_default());
    let is_own =
        |origin: &str| own_origin(&request).is_some_and(|own| own.eq_ignore_ascii_case(origin));
    if origin.is_some_and(|it| !worker.authorizer().accepts_origin(it) && !is_own(it)) {
        return Err(refuse(StatusCode::FORBIDDEN, "origin_not_allowed"));
    }
    let header = request.headers().get("x-api-key").and_then(|it| it.to_str().ok());
    let key = header.map(str::to_owned).or_else(|| query.remove("apikey")).unwrap_or_default();
    if !worker.authorizer().accepts_key(&key) {
        return Err(refuse(StatusCode::UNAUTHORIZED, "invalid_api_key"));
    }
    if worker.hub().is_closing() {
        return Err(refuse(StatusCode::SERVICE_UNAVAILABLE, "restarting").retry_after(1));
    }
    let permit = worker.hub().sockets.acquire(address).ok_or_else(|| {
        refuse(StatusCode::TOO_MANY_REQUESTS, "too_many_sockets").retry_after(RETRY_SECS)
    })?;
    api::disable_body_timeout(&request);
    let opened = connection::open(&request, payload, worker, (version, key), permit);
    opened.map_err(|_| refuse(StatusCode::BAD_REQUEST, "websocket_expected"))
}

/// A refusal; clients read the field `error`.
fn refuse(status: StatusCode, code: &'static str) -> Problem {
    refused(code);
    let detail = match code {
        "unknown_version" => "The protocol has the versions 1.0.0 and 2.0.0",
        "origin_not_allowed" => "Pages of this origin may not open sockets",
        "invalid_api_key" => "The key is missing or not valid",
        "restarting" => "The service restarts, please come back in a moment",
        "too_many_sockets" => "Too many sockets are open from this address",
        _ => "This address opens websockets",
    };
    Problem::new(status, code, detail).with_field("error", Value::from(detail))
}

fn missing_worker() -> Problem {
    Problem::bug(&std::io::Error::other("a thread serves requests without a realtime worker"))
}
