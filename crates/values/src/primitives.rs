//! JSON's own types, options, lists, moments and words of a list.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::fault::{Fault, Location};
use crate::field::Field;
use crate::time;

impl<T: Field> Field for Option<T> {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        if value.is_null() { Some(None) } else { T::read(value, location).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Field> Field for Vec<T> {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        let Value::Array(items) = value else {
            return location.reject(value, Fault::new("list_type", "Input should be a valid list"));
        };
        let mut read = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if location.is_full() {
                return None;
            }
            read.push(T::read(item, &mut location.inside(index)));
        }
        read.into_iter().collect()
    }
}

/// Text of any length. Where text is stored, [`crate::Text`] bounds it.
impl Field for String {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        match value {
            Value::String(text) => {
                let checked = crate::text::storable(text).map(str::to_owned);
                location.check(value, checked)
            }
            _ => {
                location.reject(value, Fault::new("string_type", "Input should be a valid string"))
            }
        }
    }
}

impl Field for bool {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        let fault = match value {
            Value::Bool(answer) => return Some(*answer),
            Value::String(_) | Value::Number(_) => match spelled(value) {
                Some(answer) => return Some(answer),
                None => Fault::new(
                    "bool_parsing",
                    "Input should be a valid boolean, unable to interpret input",
                ),
            },
            _ => Fault::new("bool_type", "Input should be a valid boolean"),
        };
        location.reject(value, fault)
    }
}

/// The spellings of yes and no that a query string may use.
fn spelled(value: &Value) -> Option<bool> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_lowercase);
    match text.as_str() {
        "true" | "t" | "1" | "yes" | "y" | "on" => Some(true),
        "false" | "f" | "0" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

impl Field for DateTime<Utc> {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        let moment = match value {
            Value::String(text) => time::parse(text),
            Value::Number(seconds) => time::from_unix_seconds(seconds.as_f64()),
            _ => Err(Fault::new("datetime_type", "Input should be a valid datetime")),
        };
        location.check(value, moment)
    }
}

/// Reads one of a few words, worded as Pydantic words a literal.
///
/// # Errors
/// When the value is none of the words; the fault lists them.
pub fn choice<T: Copy>(value: &Value, words: &[(&str, T)]) -> Result<T, Fault> {
    let chosen = words.iter().find(|(word, _)| value.as_str() == Some(word));
    chosen.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let quoted: Vec<_> = words.iter().map(|(word, _)| format!("'{word}'")).collect();
        let expected = quoted.join(" or ");
        Fault::new("literal_error", format!("Input should be {expected}"))
            .context(json!({ "expected": expected }))
    })
}
