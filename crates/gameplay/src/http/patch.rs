//! The body of a PATCH: a merge patch or a JSON patch, by its content type.

use std::sync::Arc;

use actix_web::http::header::CONTENT_TYPE;
use api::{BodyLimits, RawRequest, RequestPart};
use documents::Json;
use json_patch::Patch;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use values::Fault;

use crate::change::Change;

const MERGE: &str = "application/merge-patch+json";
const OPERATIONS: &str = "application/json-patch+json";

/// Operations of a patch at most.
const OPERATIONS_MAX: usize = 1000;

/// A patch of the kind that its content type names.
pub(super) struct Patched(pub(super) Change);

impl RequestPart for Patched {
    const MEDIA: &'static [&'static str] = &[MERGE, OPERATIONS];

    fn body_limit(limits: &BodyLimits) -> Option<usize> {
        Some(limits.document.bytes)
    }

    fn read(raw: &mut RawRequest<'_>) -> Option<Self> {
        let declared = raw.request().headers().get(CONTENT_TYPE);
        let declared = declared.and_then(|it| it.to_str().ok()).unwrap_or_default();
        let is_merge = declared.trim_start().to_ascii_lowercase().starts_with(MERGE);
        let change = if is_merge { merge(raw) } else { operations(raw) };
        let change = change.map(Self);
        raw.body_location().check(&serde_json::Value::Null, change)
    }
}

fn merge(raw: &RawRequest<'_>) -> Result<Change, Fault> {
    let malformed = || Fault::new("merge_patch_invalid", "Input should be a merge patch");
    let patch: &RawValue = serde_json::from_slice(raw.body()).map_err(|_| malformed())?;
    let patch = Json::accept(patch.get(), raw.limits().document)
        .map_err(|refusal| Fault::new("value_error", format!("Value error, {refusal}")))?;
    Ok(Change::Merge(patch))
}

fn operations(raw: &RawRequest<'_>) -> Result<Change, Fault> {
    let patch: Patch = serde_json::from_slice(raw.body()).map_err(|_| {
        let reason = "Input should be a list of patch operations (RFC 6902)";
        Fault::new("json_patch_invalid", reason)
    })?;
    if patch.len() > OPERATIONS_MAX {
        let reason = format!("List should have at most {OPERATIONS_MAX} operations");
        return Err(Fault::new("too_long", reason).context(json!({ "max_length": OPERATIONS_MAX })));
    }
    Ok(Change::Patch(Arc::new(patch)))
}

/// The operations of a JSON patch, for the description of the API.
pub(super) struct PatchOperations;

impl PartialSchema for PatchOperations {
    fn schema() -> RefOr<Schema> {
        let value = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
        let operation = OneOfBuilder::new()
            .item(operation(&["add", "replace", "test"], Some(("value", value))))
            .item(operation(&["remove"], None))
            .item(operation(&["move", "copy"], Some(("from", pointer()))));
        ArrayBuilder::new().items(operation).max_items(Some(OPERATIONS_MAX)).into()
    }
}

impl ToSchema for PatchOperations {}

/// An operation by one of these names, with one more member.
fn operation(names: &[&str], member: Option<(&str, ObjectBuilder)>) -> ObjectBuilder {
    let name =
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names.iter().copied()));
    let mut operation = ObjectBuilder::new().property("op", name).required("op");
    operation = operation.property("path", pointer()).required("path");
    if let Some((name, schema)) = member {
        operation = operation.property(name, schema).required(name);
    }
    operation
}

/// A JSON pointer (RFC 6901).
fn pointer() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some("^(/([^/~]|~[01])*)*$"))
}
