//! Whether the service lives. Nothing here touches the database.

use actix_web::get;
use actix_web::web::{Data, Json as Answer};
use serde::Serialize;
use settings::Settings;
use utoipa::ToSchema;

api::routes! {root, health}

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
