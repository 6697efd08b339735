//! Liveness, readiness and startup.

mod phases;
mod ready;

use actix_web::get;
use actix_web::web::{Data, Json as Answer};
use api::{ErrorBody, Problem};
use serde::Serialize;
use settings::Settings;
use utoipa::ToSchema;

use crate::lifecycle::{Lifecycle, Phase};
use phases::starting;

pub(crate) use ready::ProbeCache;

api::routes! {root, health, live, ready::ready, startup}

/// What this is.
#[derive(Serialize, ToSchema)]
struct RootView {
    #[schema(example = "Career Creator API")]
    message: &'static str,
    #[schema(example = "1.0.0")]
    version: &'static str,
}

/// That the service lives.
#[derive(Serialize, ToSchema)]
struct HealthView {
    #[schema(example = "healthy")]
    status: &'static str,
    /// The profile, such as `production`.
    environment: &'static str,
    /// Always true.
    admin_loaded: bool,
}

/// What is this
#[utoipa::path(tag = "health", responses(
    (status = 200, description = "The API's name and version", body = RootView),
))]
#[get("/")]
async fn root() -> Answer<RootView> {
    Answer(RootView { message: "Career Creator API", version: "1.0.0" })
}

/// Is it alive
#[utoipa::path(tag = "health", responses(
    (status = 200, description = "It is", body = HealthView),
))]
#[get("/health")]
async fn health(settings: Data<Settings>) -> Answer<HealthView> {
    let environment = settings.profile.as_str();
    Answer(HealthView { status: "healthy", environment, admin_loaded: true })
}

/// A state of the service.
#[derive(Serialize, ToSchema)]
struct StatusView {
    #[schema(example = "alive")]
    status: &'static str,
}

/// Does it run
///
/// For who restarts it when it does not. Nothing that it depends on is asked.
#[utoipa::path(tag = "health", responses(
    (status = 200, description = "It does", body = StatusView),
))]
#[get("/health/live")]
async fn live() -> Answer<StatusView> {
    Answer(StatusView { status: "alive" })
}

/// Has it started
///
/// Once it has, it stays so until it stops.
#[utoipa::path(tag = "health", responses(
    (status = 200, description = "The database is migrated and requests are served", body = StatusView),
    (status = 503, description = "Not yet", body = ErrorBody),
))]
#[get("/health/startup")]
async fn startup(lifecycle: Data<Lifecycle>) -> Result<Answer<StatusView>, Problem> {
    match lifecycle.phase() {
        Phase::Starting => Err(starting()),
        Phase::Serving | Phase::Draining => Ok(Answer(StatusView { status: "started" })),
    }
}
