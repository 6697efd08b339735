//! Cross-origin requests.

use actix_cors::Cors;

/// Seconds that a browser may remember the answer to a preflight.
const MAX_AGE_SECS: usize = 600;

/// The layer for the origins of the settings; `*` stands for any.
pub(crate) fn of(settings: &settings::Cors) -> Cors {
    let cors = Cors::default()
        .allow_any_method()
        .allow_any_header()
        .expose_headers([
            "etag",
            "link",
            "location",
            "x-request-id",
            "retry-after",
            "ratelimit",
            "ratelimit-policy",
        ])
        .max_age(MAX_AGE_SECS);
    if settings.origins.iter().any(|origin| origin == "*") {
        return cors.allow_any_origin();
    }
    let origins = settings.origins.iter();
    origins.fold(cors, |cors, origin| cors.allowed_origin(origin)).supports_credentials()
}
