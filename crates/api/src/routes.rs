//! What answers when no route does: 404, or 405 for a known path.

use actix_router::ResourceDef;
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue};
use utoipa::openapi::{OpenApi, PathItem};

use crate::Problem;

/// The paths of the API and the methods that each of them knows, taken from its documentation.
pub struct Routes(Vec<(ResourceDef, HeaderValue)>);

impl Routes {
    /// Reads the table from the API's own description.
    pub fn of(document: &OpenApi) -> Self {
        let paths = document.paths.paths.iter();
        Self(paths.map(|(path, item)| (ResourceDef::new(path.as_str()), allowed(item))).collect())
    }

    /// Why no route took this request.
    pub fn refuse(&self, request: &HttpRequest) -> Problem {
        match self.0.iter().find(|(pattern, _)| pattern.is_match(request.path())) {
            Some((_, methods)) => Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Method Not Allowed",
            )
            .with_header(ALLOW, methods.clone()),
            None => Problem::new(StatusCode::NOT_FOUND, "not_found", "Not Found"),
        }
    }
}

fn allowed(item: &PathItem) -> HeaderValue {
    let known = [
        ("DELETE", item.delete.is_some()),
        ("GET", item.get.is_some()),
        ("PATCH", item.patch.is_some()),
        ("POST", item.post.is_some()),
        ("PUT", item.put.is_some()),
    ];
    let names: Vec<_> = known.into_iter().filter(|(_, has)| *has).map(|(name, _)| name).collect();
    HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static(""))
}
