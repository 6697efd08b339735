//! The parts of a request.

use actix_router::Quoter;
use actix_web::web;
use documents::scan;
use serde_json::{Map, Value, json};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use values::{Fault, Field, Fields, FromFields, Location, PathParam, read_object};

use super::body::not_json;
use super::part::{JSON, RawRequest, RequestPart};
use crate::limits::{BodyLimits, ENVELOPE_BYTES};

/// A value from the path.
pub struct Path<T>(pub T);

impl<T: PathParam> RequestPart for Path<T> {
    fn read(raw: &mut RawRequest<'_>) -> Option<Self> {
        let segment = raw.request.match_info().get(T::NAME).unwrap_or_default();
        let value = Value::from(decoded(segment));
        let loc = vec![Value::from("path"), Value::from(T::NAME)];
        T::read(&value, &mut Location::new(loc, &mut raw.issues)).map(Self)
    }
}

impl<T: PathParam> IntoParams for Path<T> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let parameter = ParameterBuilder::new()
            .name(T::NAME)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some(T::DESCRIPTION))
            .schema(Some(T::schema()));
        vec![parameter.build()]
    }
}

/// Decodes `%25`, `%2B` and `%2F`, which the router leaves encoded so that they separate no segments.
fn decoded(segment: &str) -> String {
    match Quoter::new(b"", b"").requote(segment.as_bytes()) {
        Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        None => segment.to_owned(),
    }
}

/// The fields of the query string.
pub struct Query<T>(pub T);

impl<T: FromFields> RequestPart for Query<T> {
    fn read(raw: &mut RawRequest<'_>) -> Option<Self> {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(raw.request.query_string());
        let pairs = pairs.map(web::Query::into_inner).unwrap_or_default();
        let object: Map<_, _> = pairs.into_iter().map(|(k, v)| (k, Value::from(v))).collect();
        let location = Location::new(vec![Value::from("query")], &mut raw.issues);
        read_object(&Value::Object(object), location).map(Self)
    }
}

/// The fields of a JSON body.
pub struct Json<T>(pub T);

impl<T: FromFields> RequestPart for Json<T> {
    const MEDIA: &'static [&'static str] = &[JSON];

    fn body_limit(limits: &BodyLimits) -> Option<usize> {
        Some(limits.ordinary)
    }

    fn read(raw: &mut RawRequest<'_>) -> Option<Self> {
        let body = body_value(raw)?;
        read_object(&body, raw.body_location()).map(Self)
    }
}

/// The fields of a JSON body that may be as large as one with a document.
pub struct LargeJson<T>(pub T);

impl<T: FromFields> RequestPart for LargeJson<T> {
    const MEDIA: &'static [&'static str] = &[JSON];

    fn body_limit(limits: &BodyLimits) -> Option<usize> {
        Some(limits.document.bytes + ENVELOPE_BYTES)
    }

    fn read(raw: &mut RawRequest<'_>) -> Option<Self> {
        Json::read(raw).map(|Json(fields)| Self(fields))
    }
}

/// The fields of a JSON body or, when there is no body, those of the query string.
///
/// The web app sends a body where the old API read the query.
pub struct JsonOrQuery<T>(pub T);

impl<T: FromFields> RequestPart for JsonOrQuery<T> {
    const MEDIA: &'static [&'static str] = &[JSON];

    fn body_limit(limits: &BodyLimits) -> Option<usize> {
        Some(limits.ordinary)
    }

    fn read(raw: &mut RawRequest<'_>) -> Option<Self> {
        if raw.body.is_empty() || raw.body.trim_ascii() == b"null" {
            Query::read(raw).map(|Query(fields)| Self(fields))
        } else {
            Json::read(raw).map(|Json(fields)| Self(fields))
        }
    }
}

/// The fields of a JSON body, if there is one.
pub struct OptionalJson<T>(pub Option<T>);

impl<T: FromFields> RequestPart for OptionalJson<T> {
    const MEDIA: &'static [&'static str] = &[JSON];

    fn body_limit(limits: &BodyLimits) -> Option<usize> {
        Some(limits.ordinary)
    }

    fn read(raw: &mut RawRequest<'_>) -> Option<Self> {
        if raw.body.is_empty() {
            Some(Self(None))
        } else {
            Json::read(raw).map(|Json(fields)| Self(Some(fields)))
        }
    }
}

/// The field `state` of a JSON body: an object of any content, in canonical form.
///
/// It is checked and rewritten as text; no tree is built.
pub struct Document(pub documents::Json);

impl RequestPart for Document {
    const MEDIA: &'static [&'static str] = &[JSON];

    fn body_limit(limits: &BodyLimits) -> Option<usize> {
        Some(limits.document.bytes + ENVELOPE_BYTES)
    }

    fn read(raw: &mut RawRequest<'_>) -> Option<Self> {
        match state_of(raw.body) {
            Some(state) if state.starts_with('{') => accept(state, raw),
            _ => explain_no_document(raw),
        }
    }
}

/// The field `state` of a body that is JSON; of equal fields the last, as in every other body.
fn state_of(body: &[u8]) -> Option<&str> {
    let fields = scan::members(std::str::from_utf8(body).ok()?);
    fields.filter(|field| field.plain_key() == "state").last().map(|field| field.value)
}

fn accept(document: &str, raw: &mut RawRequest<'_>) -> Option<Document> {
    let accepted = documents::Json::accept(document, raw.limits.document);
    let accepted = accepted.map(Document).map_err(|refusal| {
        Fault::new("value_error", format!("Value error, {refusal}"))
            .context(json!({ "error": refusal.to_string() }))
    });
    raw.body_location().inside("state").check(&Value::Null, accepted)
}

/// Builds the tree that [`Document`] avoids, to describe the fault.
fn explain_no_document(raw: &mut RawRequest<'_>) -> Option<Document> {
    let body = body_value(raw)?;
    let NoDocument(state) = read_object(&body, raw.body_location())?;
    let fault = Fault::new("dict_type", "Input should be a valid dictionary");
    raw.body_location().inside("state").reject(&state, fault)
}

struct NoDocument(Value);

impl Field for NoDocument {
    fn read(value: &Value, _: &mut Location<'_>) -> Option<Self> {
        Some(Self(value.clone()))
    }
}

impl FromFields for NoDocument {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        fields.field("state")
    }
}

fn body_value(raw: &mut RawRequest<'_>) -> Option<Value> {
    if raw.body.is_empty() {
        let fault = Fault::new("missing", "Field required");
        return raw.body_location().reject(&Value::Null, fault);
    }
    match serde_json::from_slice(raw.body) {
        Ok(value) => Some(value),
        Err(error) => {
            raw.issues.push(not_json(raw.body, &error));
            None
        }
    }
}
