//! The API's own description, and pages to read and try it.

mod complete;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::{HttpResponse, Resource};
use api::{Problem, RepeatErrorBody, ValidationBody};
use files::FileId;
use serde_json::Value;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::Config;

use crate::{health, operations};

/// Where the description is served.
pub(crate) const DOCUMENT_PATH: &str = "/api/openapi.json";

/// The description as `cargo xtask openapi` wrote it. Gathering it anew would cost every start
/// some megabytes and milliseconds.
pub(crate) const WRITTEN: &str = include_str!("../../../docs/openapi.json");

/// Where the pages are served.
pub(crate) const PAGES_PATH: &str = "/api/docs";

/// What the pages may do in a browser: load themselves and call this server.
const PAGES_POLICY: &str = "default-src 'self'; img-src 'self' data:; \
    style-src 'self' 'unsafe-inline'; script-src 'self'; frame-ancestors 'none'";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Cardroom",
        description = "The backend of an online card-consultation service.\n\n\
            Counsellors log in and open rooms; visitors join by share code, without an account; \
            the state of every game is saved.\n\n\
            Every path is served with and without a slash at its end. Every error has the fields \
            `detail`, `code` and `request_id`; `code` is stable, `detail` is for people.",
        license(name = "GPL-3.0-or-later", identifier = "GPL-3.0-or-later")
    ),
    servers((url = "/", description = "The server that serves this description")),
    modifiers(&Schemes),
    // What only parameters, or responses of several operations, name is not gathered from them.
    components(schemas(FileId, RepeatErrorBody, ValidationBody)),
    tags(
        (name = "auth", description = "Accounts, log-in and passwords"),
        (name = "rooms", description = "Rooms that counsellors open"),
        (name = "clients", description = "Clients of counsellors, and records of consultations"),
        (name = "notes", description = "What counsellors note about their rooms"),
        (name = "visitors", description = "People in rooms, who have no account"),
        (name = "gameplay states", description = "The saved states of games"),
        (name = "files", description = "Files in rooms"),
        (name = "realtime", description = "Moves and presence, live"),
        (name = "game rules", description = "The rules that rooms are opened with"),
        (name = "admin", description = "For administrators"),
        (name = "health", description = "Whether the service lives"),
        (name = "operations", description = "For operators")
    )
)]
struct Described;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut Document) {
        let schemes = document.components.get_or_insert_default();
        schemes.add_security_scheme("bearer", scheme("The access token of any active account"));
        schemes.add_security_scheme("admin", scheme("The access token of an administrator"));
    }
}

fn scheme(description: &str) -> SecurityScheme {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    SecurityScheme::Http(bearer.description(Some(description)).build())
}

/// The description of the API (OpenAPI 3.1), gathered from its handlers.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn document() -> serde_json::Result<Value> {
    let mut document = Described::openapi();
    for part in [
        auth::Documentation::openapi(),
        administration::Documentation::openapi(),
        rooms::Documentation::openapi(),
        clients::Documentation::openapi(),
        notes::Documentation::openapi(),
        uploads::Documentation::openapi(),
        files::Documentation::openapi(),
        gameplay::Documentation::openapi(),
        realtime::Documentation::openapi(),
        health::Documentation::openapi(),
        operations::Documentation::openapi(),
    ] {
        document.merge(part);
    }
    let mut document = serde_json::to_value(document)?;
    complete::operations(&mut document);
    complete::texts(&mut document);
    complete::schemas(&mut document);
    Ok(document)
}

/// Serves the description and the pages.
pub(crate) fn configure(routes: &mut ServiceConfig) {
    let pages = Data::from(Arc::new(Config::from(DOCUMENT_PATH)));
    routes
        .app_data(pages)
        .service(readable(DOCUMENT_PATH).get(description))
        .service(readable(PAGES_PATH).get(index))
        .service(readable(&format!("{PAGES_PATH}/{{file}}")).get(page));
}

/// A path that is not part of the description, and only read.
fn readable(path: &str) -> Resource {
    web::resource(path).default_service(web::to(only_read))
}

async fn only_read() -> Result<HttpResponse, Problem> {
    Err(Problem::method_not_allowed(HeaderValue::from_static("GET, HEAD")))
}

async fn description() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(WRITTEN)
}

/// The first page. Its links are made absolute, because it is served without a slash at its end.
async fn index(pages: Data<Config<'static>>) -> Result<HttpResponse, Problem> {
    let html =
        String::from_utf8_lossy(&file("", pages)?.1).replace("./", &format!("{PAGES_PATH}/"));
    Ok(answer("text/html; charset=utf-8", html.into_bytes()))
}

async fn page(name: Path<String>, pages: Data<Config<'static>>) -> Result<HttpResponse, Problem> {
    let (kind, bytes) = file(&name, pages)?;
    Ok(answer(&kind, bytes))
}

fn file(name: &str, pages: Data<Config<'static>>) -> Result<(String, Vec<u8>), Problem> {
    let found = utoipa_swagger_ui::serve(name, pages.into_inner()).ok().flatten();
    let found = found.map(|file| (file.content_type, file.bytes.into_owned()));
    found.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "not_found", "Not Found"))
}

fn answer(kind: &str, bytes: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((CONTENT_SECURITY_POLICY, PAGES_POLICY))
        .body(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_description_matches_the_handlers() {
        let gathered = serde_json::to_string_pretty(&document().unwrap()).unwrap();
        assert!(WRITTEN.trim_end() == gathered, "run `cargo xtask openapi`");
    }

    #[test]
    fn every_reference_of_the_description_resolves() {
        let written: Value = serde_json::from_str(WRITTEN).unwrap();
        let mut references = Vec::new();
        gather(&written, &mut references);
        assert!(references.len() > 100, "{}", references.len());
        for reference in references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(written.pointer(pointer).is_some(), "{reference}");
        }
    }

    /// Every `$ref` in `value`.
    fn gather<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                references.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| gather(value, references));
            }
            Value::Array(values) => values.iter().for_each(|value| gather(value, references)),
            _ => {}
        }
    }
}
