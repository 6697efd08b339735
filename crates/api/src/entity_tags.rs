//! Entity tags and the conditions of requests (RFC 9110, sections 8.8.3 and 13.1).

use std::fmt::Display;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, EntityTag, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::problem::Problem;

/// A header of conditions, for the description of the API.
#[derive(ToSchema)]
#[schema(
    pattern = r#"^(\*|(W/)?"[!#-~]*"(, *(W/)?"[!#-~]*")*)$"#,
    example = r#""3-0199d3c5a1f07c04b5a9e0b6a3a3c001""#
)]
#[expect(dead_code, reason = "the headers are parsed by `SentTags::of`")]
pub struct EntityTags(String);

/// The value of `If-Match` or `If-None-Match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SentTags {
    /// `*`: any version.
    Any,
    /// The opaque tags, without their quotes.
    ///
    /// `If-Match` compares strongly (RFC 9110, section 13.1.1), but a proxy that compresses makes our tags
    /// weak, and ours names a version of the document, not its encoding. So weak tags count for both
    /// headers.
    Tags(Vec<String>),
}

impl SentTags {
    /// The tags that the header `name` of a request sends, if it has that header.
    ///
    /// # Errors
    /// 400 when they cannot be parsed: unlike with actix, because a condition that is skipped would always
    /// hold.
    pub fn of(request: &HttpRequest, name: &HeaderName) -> Result<Option<Self>, Problem> {
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

    /// Whether the tag of an existing version is among them.
    pub fn include(&self, tag: impl Display) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.contains(&tag.to_string()),
        }
    }
}

fn parsed(list: &str) -> Option<SentTags> {
    if list.trim() == "*" {
        return Some(SentTags::Any);
    }
    let mut is_quoted = false;
    let items = list.split(|letter| {
        is_quoted ^= letter == '"';
        letter == ',' && !is_quoted
    });
    let items = items.map(str::trim).filter(|it| !it.is_empty());
    let tags: Option<Vec<EntityTag>> = items.map(|it| it.parse().ok()).collect();
    let tags = tags.filter(|it| !it.is_empty())?;
    Some(SentTags::Tags(tags.iter().map(|tag| tag.tag().to_owned()).collect()))
}

/// 200 with a body and its entity tag.
pub struct Tagged<G, T>(pub G, pub T);

impl<G: Display, T: Serialize> Responder for Tagged<G, T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let Self(tag, body) = self;
        HttpResponse::Ok().insert_header((ETAG, etag(tag))).json(body)
    }
}

/// 304: the client has this version already.
pub fn not_modified(tag: impl Display) -> HttpResponse {
    HttpResponse::NotModified().insert_header((ETAG, etag(tag))).finish()
}

/// The entity tag with its quotes, as a header or a body carries it.
pub fn etag(tag: impl Display) -> EntityTag {
    EntityTag::new_strong(tag.to_string())
}

/// The body of a 412: the current version.
#[derive(Serialize, ToSchema)]
pub struct StaleBody {
    /// A sentence for a person. It may change.
    detail: String,
    /// Always `version_mismatch`.
    #[schema(example = "version_mismatch")]
    code: String,
    /// Names the request in our log; also in the header `x-request-id`.
    request_id: String,
    /// The current version, if there is one.
    version: Option<i64>,
    /// The current version's entity tag, quotes included, to be sent in `If-Match`.
    etag: Option<String>,
}

/// 412 with the current version and its tag, so that the client need not ask for them.
pub fn version_mismatch(detail: String, current: Option<(i64, impl Display)>) -> Problem {
    let problem = Problem::new(StatusCode::PRECONDITION_FAILED, "version_mismatch", detail);
    match current {
        None => problem.with_field("version", Value::Null).with_field("etag", Value::Null),
        Some((version, tag)) => {
            let quoted = etag(tag).to_string();
            let header = HeaderValue::from_str(&quoted).unwrap_or(HeaderValue::from_static(""));
            problem
                .with_field("version", version.into())
                .with_field("etag", quoted.into())
                .with_header(ETAG, header)
        }
    }
}
