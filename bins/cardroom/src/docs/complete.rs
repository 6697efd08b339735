//! What holds of all operations and of all schemas, and is therefore not written at each.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Text that both databases can keep: PostgreSQL cannot store U+0000.
const STORABLE: &str = r"^[^\x00]*$";

/// Says of every operation what is answered to a head that is too large, that it needs no token unless it
/// says so, and that a parameter or a body which may be left out is not `null` instead.
pub(super) fn operations(document: &mut Value) {
    for operation in all(document) {
        operation.entry("security").or_insert_with(|| json!([]));
        for (status, description) in
            [("414", "The URL is too long"), ("431", "The headers are too large")]
        {
            let body = json!({ "schema": { "$ref": "#/components/schemas/ErrorBody" } });
            operation["responses"][status] =
                json!({ "description": description, "content": { "application/json": body } });
        }
        parameters(operation).for_each(|it| not_null(&mut it["schema"]));
        bodies(operation).for_each(not_null);
    }
}

/// Says of the texts in requests that they have no U+0000. It is refused wherever a 422 names the fields
/// at fault.
pub(super) fn texts(document: &mut Value) {
    let mut references = Vec::new();
    for operation in all(document).filter(|it| names_fields(it)) {
        let values = parameters(operation).filter(|it| it["in"] == "path" || it["in"] == "query");
        values.for_each(|it| storable(&mut it["schema"], &mut references));
        bodies(operation).for_each(|it| storable(it, &mut references));
    }
    let mut seen = BTreeSet::new();
    while let Some(reference) = references.pop() {
        let schema = reference.strip_prefix('#').and_then(|it| document.pointer_mut(it));
        if let Some(schema) = schema.filter(|_| seen.insert(reference.clone())) {
            storable(schema, &mut references);
        }
    }
}

/// Every operation.
fn all(document: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    let items = paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut);
    items.filter_map(Value::as_object_mut)
}

fn parameters(operation: &mut Map<String, Value>) -> impl Iterator<Item = &mut Value> {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    parameters.into_iter().flatten()
}

/// The schemas of the body, one for each content type.
fn bodies(operation: &mut Map<String, Value>) -> impl Iterator<Item = &mut Value> {
    let contents = operation.get_mut("requestBody").and_then(|it| it["content"].as_object_mut());
    contents.into_iter().flat_map(Map::values_mut).filter_map(|it| it.get_mut("schema"))
}

/// Whether the fields at fault are named when the input is not valid.
fn names_fields(operation: &Map<String, Value>) -> bool {
    let body = &operation["responses"]["422"]["content"]["application/json"]["schema"]["$ref"];
    body == "#/components/schemas/ValidationBody" || body == "#/components/schemas/RepeatErrorBody"
}

/// Gives the pattern to every text in a schema; gathers what the schema refers to.
fn storable(schema: &mut Value, references: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            references.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            let is_narrower = ["enum", "format", "pattern"]
                .iter()
                .any(|it| fields.get(*it).is_some_and(|value| value != "password"));
            if has_type(fields, "string") && !is_narrower {
                fields.insert("pattern".to_owned(), json!(STORABLE));
            }
            fields.values_mut().for_each(|it| storable(it, references));
        }
        Value::Array(values) => values.iter_mut().for_each(|it| storable(it, references)),
        _ => {}
    }
}

/// Replaces a schema of something or null by the schema of something.
fn not_null(schema: &mut Value) {
    if let Some(kinds) = array(schema, "type") {
        kinds.retain(|kind| kind != "null");
        if kinds.len() == 1 {
            schema["type"] = kinds.remove(0);
        }
    } else if let Some(choices) = array(schema, "oneOf") {
        choices.retain(|choice| choice["type"] != "null");
        if choices.len() == 1 {
            *schema = choices.remove(0);
        }
    }
}

fn array<'a>(schema: &'a mut Value, field: &str) -> Option<&'a mut Vec<Value>> {
    schema.get_mut(field)?.as_array_mut()
}

/// Says of every object without described fields that it may have any.
pub(super) fn schemas(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if has_type(fields, "object") && !fields.contains_key("properties") {
                fields.entry("additionalProperties").or_insert(Value::Bool(true));
            }
            fields.values_mut().for_each(schemas);
        }
        Value::Array(values) => values.iter_mut().for_each(schemas),
        _ => {}
    }
}

/// Whether these are the fields of a schema of this type.
fn has_type(fields: &Map<String, Value>, kind: &str) -> bool {
    match &fields.get("type") {
        Some(Value::String(own)) => own == kind,
        Some(Value::Array(kinds)) => kinds.iter().any(|it| it == kind),
        _ => false,
    }
}
