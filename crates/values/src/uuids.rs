//! Reading ids.

use std::str::FromStr;

use serde_json::{Value, json};

use crate::fault::{Fault, Location};

/// Reads an id type that is a UUID.
pub fn read_uuid<T: FromStr<Err = uuid::Error>>(
    value: &Value,
    location: &mut Location<'_>,
) -> Option<T> {
    let Value::String(text) = value else {
        let fault = Fault::new("uuid_type", "UUID input should be a string, bytes or UUID object");
        return location.reject(value, fault);
    };
    let id = text.parse().map_err(|error: uuid::Error| {
        Fault::new("uuid_parsing", format!("Input should be a valid UUID, {error}"))
            .context(json!({ "error": error.to_string() }))
    });
    location.check(value, id)
}
