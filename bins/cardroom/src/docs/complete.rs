//! What holds of all operations and of all schemas, and is therefore not written at each.

use serde_json::{Map, Value, json};

/// Says of every operation what is answered to a head that is too large, that it needs no token unless it
/// says so, and that a parameter or a body which may be left out is not `null` instead.
pub(super) fn operations(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    let items = paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut);
    for operation in items.filter_map(Value::as_object_mut) {
        operation.entry("security").or_insert_with(|| json!([]));
        for (status, description) in
            [("414", "The URL is too long"), ("431", "The headers are too large")]
        {
            let body = json!({ "schema": { "$ref": "#/components/schemas/ErrorBody" } });
            operation["responses"][status] =
                json!({ "description": description, "content": { "application/json": body } });
        }
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        parameters.into_iter().flatten().for_each(|it| not_null(&mut it["schema"]));
        if let Some(body) = operation.get_mut("requestBody") {
            let contents = body["content"].as_object_mut();
            contents
                .into_iter()
                .flat_map(Map::values_mut)
                .for_each(|it| not_null(&mut it["schema"]));
        }
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
            if is_object(fields) && !fields.contains_key("properties") {
                fields.entry("additionalProperties").or_insert(Value::Bool(true));
            }
            fields.values_mut().for_each(schemas);
        }
        Value::Array(values) => values.iter_mut().for_each(schemas),
        _ => {}
    }
}

/// Whether these are the fields of a schema of objects.
fn is_object(fields: &Map<String, Value>) -> bool {
    match &fields.get("type") {
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.iter().any(|it| it == "object"),
        _ => false,
    }
}
