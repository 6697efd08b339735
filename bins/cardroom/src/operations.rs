//! Endpoints for operators: metrics, and outside production the pool and a test query.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{Data, Json as Answer};
use actix_web::{HttpRequest, HttpResponse, get};
use admission::ConcurrencyLimit;
use api::{ErrorBody, Problem};
use database::{Db, Figures, Probe};
use secrecy::ExposeSecret;
use serde::Serialize;
use settings::{Profile, Settings};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

api::routes! {db_pool, db_test, metrics}

/// The content type of the text format of Prometheus.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4";

/// An answer that only some profiles give.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Restricted<T> {
    Shown(T),
    Hidden {
        #[schema(example = "Only available in staging/development")]
        error: &'static str,
    },
}

impl<T> Restricted<T> {
    const HIDDEN: Self = Self::Hidden { error: "Only available in staging/development" };
}

/// Connections of the pool, counted.
#[derive(Serialize, ToSchema)]
struct PoolView {
    /// Connections at most.
    pool_size: usize,
    /// Open connections that nobody uses.
    checked_in: usize,
    /// Connections in use.
    checked_out: usize,
    /// Always 0: the pool has a fixed size.
    overflow: usize,
    /// Always 0: the pool has a fixed size.
    max_overflow: usize,
    /// Connections at most.
    total_capacity: usize,
    /// Callers that wait for a connection.
    waiting: usize,
}

/// A test query that succeeded.
#[derive(Serialize, ToSchema)]
struct ProbeView {
    #[schema(example = "success")]
    status: &'static str,
    /// What `SELECT 1` gave.
    query_result: i32,
    /// From asking for a connection to the answer, in milliseconds.
    duration_ms: f64,
    /// How much of it went into waiting for a connection, in milliseconds.
    wait_ms: f64,
}

impl From<Probe> for ProbeView {
    fn from(it: Probe) -> Self {
        Self {
            status: "success",
            query_result: it.answer,
            duration_ms: milliseconds(it.total),
            wait_ms: milliseconds(it.wait),
        }
    }
}

/// With fractions, for people.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl From<Figures> for PoolView {
    fn from(it: Figures) -> Self {
        Self {
            pool_size: it.size,
            checked_in: it.idle,
            checked_out: it.open.saturating_sub(it.idle),
            overflow: 0,
            max_overflow: 0,
            total_capacity: it.size,
            waiting: it.waiting,
        }
    }
}

/// See the database pool
///
/// In the staging and development profiles only.
#[utoipa::path(tag = "operations", responses(
    (status = 200, description = "The pool, or why it is not told", body = Restricted<PoolView>),
))]
#[get("/debug/db-pool")]
async fn db_pool(settings: Data<Settings>, db: Data<Db>) -> Answer<Restricted<PoolView>> {
    let told = shows_debug(&settings).then(|| Restricted::Shown(db.figures().into()));
    Answer(told.unwrap_or(Restricted::HIDDEN))
}

/// Try the database
///
/// In the staging and development profiles only.
#[utoipa::path(tag = "operations", responses(
    (status = 200, description = "What a query gave, or why it was not tried", body = Restricted<ProbeView>),
    (status = 503, description = "The database is away or busy", body = api::ErrorBody),
))]
#[get("/debug/db-test")]
async fn db_test(
    settings: Data<Settings>,
    db: Data<Db>,
) -> Result<Answer<Restricted<ProbeView>>, Problem> {
    if !shows_debug(&settings) {
        return Ok(Answer(Restricted::HIDDEN));
    }
    Ok(Answer(Restricted::Shown(db.probe().await?.into())))
}

fn shows_debug(settings: &Settings) -> bool {
    matches!(settings.profile, Profile::Development | Profile::Test | Profile::Staging)
}

/// Get the metrics
///
/// In the text format of Prometheus. Outside development and test only for programs on the same
/// machine that are no proxies, and for who shows the token that the settings name.
#[utoipa::path(tag = "operations", responses(
    (status = 200, description = "The metrics", body = String, content_type = "text/plain"),
    (status = 404, description = "Asked from another machine, without the token", body = ErrorBody),
))]
#[get("/metrics")]
async fn metrics(
    request: HttpRequest,
    settings: Data<Settings>,
    db: Data<Db>,
    limit: Data<ConcurrencyLimit>,
) -> Result<HttpResponse, Problem> {
    let is_near = is_near(&request);
    let shows_token = || shows(&request, settings.server.metrics_token.expose_secret());
    if !is_near && !settings.profile.is_relaxed() && !shows_token() {
        return Err(Problem::new(StatusCode::NOT_FOUND, "not_found", "Not Found"));
    }
    let registry = telemetry::metrics::registry().map_err(|error| Problem::bug(&error))?;
    db.record_metrics();
    limit.measure();
    let text = telemetry::metrics::render(registry);
    Ok(HttpResponse::Ok().content_type(PROMETHEUS_TEXT).body(text))
}

/// Whether a request comes from a program on this machine other than a proxy.
fn is_near(request: &HttpRequest) -> bool {
    let is_forwarded = |header: &str| request.headers().contains_key(header);
    request.peer_addr().is_some_and(|peer| peer.ip().is_loopback())
        && !["forwarded", "x-forwarded-for", "via"].into_iter().any(is_forwarded)
}

/// Whether a request carries this token, compared in constant time. No request carries an empty token.
fn shows(request: &HttpRequest, token: &str) -> bool {
    let header = request.headers().get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    let (scheme, shown) = header.and_then(|it| it.split_once(' ')).unwrap_or_default();
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer && !token.is_empty() && shown.as_bytes().ct_eq(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_request_through_a_local_proxy_is_not_local() {
        #[track_caller]
        fn check(peer: &str, header: &str, near: bool) {
            let request = TestRequest::get().peer_addr(peer.parse().unwrap());
            let request = request.insert_header((header, "203.0.113.1"));
            assert_eq!(is_near(&request.to_http_request()), near, "{peer}, {header}");
        }
        check("127.0.0.1:4000", "accept", true);
        check("[::1]:4000", "accept", true);
        check("10.0.0.1:4000", "accept", false);
        check("127.0.0.1:4000", "x-forwarded-for", false);
        check("[::1]:4000", "Forwarded", false);
        check("127.0.0.1:4000", "via", false);
    }

    #[test]
    fn a_token_is_shown_whole_as_a_bearer_token_and_an_empty_one_never() {
        #[track_caller]
        fn check(header: &str, token: &str, is_shown: bool) {
            let request = TestRequest::default().insert_header((AUTHORIZATION, header));
            assert_eq!(shows(&request.to_http_request(), token), is_shown, "{header}");
        }
        check("Bearer s3cret", "s3cret", true);
        check("bearer s3cret", "s3cret", true);
        check("Bearer s3cre", "s3cret", false);
        check("Bearer s3cret2", "s3cret", false);
        check("Basic s3cret", "s3cret", false);
        check("s3cret", "s3cret", false);
        check("Bearer ", "", false);
        check("", "", false);
    }
}
