//! The answer when no route matches: 404, or 405 for a known path.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use actix_router::ResourceDef;
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::problem::Problem;

/// The paths of the API and the methods of each, taken from its OpenAPI description.
pub struct Routes {
    document: &'static str,
    /// Built on first use, because it takes as much memory as the routes of a worker.
    table: OnceLock<Table>,
}

type Table = Vec<(ResourceDef, HeaderValue)>;

/// The methods of a path; the operations are not parsed.
type Methods<'a> = BTreeMap<String, &'a RawValue>;

/// The part of an OpenAPI document that names paths and methods.
#[derive(Default, Deserialize)]
struct Description<'a> {
    #[serde(borrow)]
    paths: BTreeMap<String, Methods<'a>>,
}

impl Routes {
    /// The routes of this OpenAPI document.
    pub fn of(document: &'static str) -> Self {
        Self { document, table: OnceLock::new() }
    }

    /// The error for a request that no route matched.
    pub fn refuse(&self, request: &HttpRequest) -> Problem {
        let table = self.table.get_or_init(|| read(self.document));
        match table.iter().find(|(pattern, _)| pattern.is_match(request.path())) {
            Some((_, methods)) => Problem::method_not_allowed(methods.clone()),
            None => Problem::new(StatusCode::NOT_FOUND, "not_found", "Not Found"),
        }
    }
}

fn read(document: &str) -> Table {
    let description: Description<'_> = serde_json::from_str(document).unwrap_or_default();
    let paths = description.paths.iter();
    paths.map(|(path, item)| (ResourceDef::new(path.as_str()), allowed(item))).collect()
}

fn allowed(item: &Methods<'_>) -> HeaderValue {
    let mut names: Vec<_> = item.keys().map(|method| method.to_uppercase()).collect();
    if item.contains_key("get") {
        names.push("HEAD".to_owned());
    }
    HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static(""))
}
