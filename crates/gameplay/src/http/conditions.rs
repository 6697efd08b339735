//! Conditions and entity tags (RFC 9110, sections 8.8.3 and 13.1).

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, EntityTag, HeaderName, IF_MATCH, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, Responder};
use api::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use crate::version::{Condition, Tag, Versions};

/// A header of conditions, for the description of the API.
#[derive(ToSchema)]
#[schema(
    pattern = r#"^(\*|(W/)?"[!#-~]*"(, *(W/)?"[!#-~]*")*)$"#,
    example = r#""3-0199d3c5a1f07c04b5a9e0b6a3a3c001""#
)]
#[expect(dead_code, reason = "the headers are parsed by `condition`")]
pub(super) struct EntityTags(String);

/// The conditions that a request sets.
pub(super) fn condition(request: &HttpRequest) -> Result<Condition, Problem> {
    let matches = sent(request, &IF_MATCH)?;
    let matches_not = sent(request, &IF_NONE_MATCH)?;
    Ok(Condition { matches: matches.map(versions), matches_not: matches_not.map(versions) })
}

/// The value of a condition: any version, or a list of tags.
enum Sent {
    Any,
    Tags(Vec<EntityTag>),
}

/// Unlike actix, refuses what it cannot parse: a condition that is skipped would always hold.
fn sent(request: &HttpRequest, name: &HeaderName) -> Result<Option<Sent>, Problem> {
    let lines: Vec<_> = request.headers().get_all(name).map(|it| it.to_str()).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let lines: Option<Vec<&str>> = lines.into_iter().map(Result::ok).collect();
    lines.and_then(|lines| parsed(&lines.join(","))).map(Some).ok_or_else(|| {
        let detail = "If-Match and If-None-Match take * or entity tags in quotes";
        Problem::new(StatusCode::BAD_REQUEST, "bad_condition", detail)
    })
}

fn parsed(list: &str) -> Option<Sent> {
    if list.trim() == "*" {
        return Some(Sent::Any);
    }
    let mut is_quoted = false;
    let items = list.split(|letter| {
        is_quoted ^= letter == '"';
        letter == ',' && !is_quoted
    });
    let items = items.map(str::trim).filter(|it| !it.is_empty());
    let tags: Option<Vec<EntityTag>> = items.map(|it| it.parse().ok()).collect();
    tags.filter(|it| !it.is_empty()).map(Sent::Tags)
}

/// The versions that the tags name. `If-Match` compares strongly (RFC 9110, section 13.1.1), but a proxy
/// that compresses makes our tags weak, and ours names a version of the document, not its encoding. So
/// weak tags count for both headers.
fn versions(sent: Sent) -> Versions {
    match sent {
        Sent::Any => Versions::Any,
        Sent::Tags(tags) => Versions::Tagged(tags.iter().map(|tag| tag.tag().to_owned()).collect()),
    }
}

/// A body and its entity tag.
pub(super) struct Tagged<T>(pub(super) Tag, pub(super) T);

impl<T: Serialize> Responder for Tagged<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let Self(tag, body) = self;
        HttpResponse::Ok().insert_header((ETAG, etag(tag))).json(body)
    }
}

/// 304: the client has this version already.
pub(super) fn not_modified(tag: Tag) -> HttpResponse {
    HttpResponse::NotModified().insert_header((ETAG, etag(tag))).finish()
}

fn etag(tag: Tag) -> EntityTag {
    EntityTag::new_strong(tag.to_string())
}
