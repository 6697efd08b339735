//! What answers when no route does: 404, or 405 for a known path.

use std::collections::BTreeMap;

use actix_router::ResourceDef;
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Problem;

/// The paths of the API and the methods that each of them knows, taken from its description.
pub struct Routes(Vec<(ResourceDef, HeaderValue)>);

/// The methods of a path; what they do is not looked at.
type Methods<'a> = BTreeMap<String, &'a RawValue>;

/// The part of an OpenAPI document that names paths and methods.
#[derive(Default, Deserialize)]
struct Description<'a> {
    #[serde(borrow)]
    paths: BTreeMap<String, Methods<'a>>,
}

impl Routes {
    /// Reads the table from the API's own description, an OpenAPI document.
    pub fn of(document: &str) -> Self {
        let description: Description<'_> = serde_json::from_str(document).unwrap_or_default();
        let paths = description.paths.iter();
        Self(paths.map(|(path, item)| (ResourceDef::new(path.as_str()), allowed(item))).collect())
    }

    /// Why no route took this request.
    pub fn refuse(&self, request: &HttpRequest) -> Problem {
        match self.0.iter().find(|(pattern, _)| pattern.is_match(request.path())) {
            Some((_, methods)) => Problem::method_not_allowed(methods.clone()),
            None => Problem::new(StatusCode::NOT_FOUND, "not_found", "Not Found"),
        }
    }
}

fn allowed(item: &Methods<'_>) -> HeaderValue {
    let names: Vec<_> = item.keys().map(|method| method.to_uppercase()).collect();
    HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static(""))
}
