//! The values that requests are made of.

use chrono::{DateTime, Utc};
use ids::{AccountId, GameRuleId, RoomId, SessionId, VisitorId};
use serde_json::{Value, json};

use super::{Fault, Field, FromFields, Location, read_object};
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

/// A whole number from `MIN` to `MAX`, from a path or a query string as digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Integer<const MIN: i64, const MAX: i64>(pub i64);

impl<const MIN: i64, const MAX: i64> Field for Integer<MIN, MAX> {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        let number = match value {
            Value::String(digits) => digits.parse().map_err(|_| {
                let msg = "Input should be a valid integer, unable to parse string as an integer";
                Fault::new("int_parsing", msg)
            }),
            other => other
                .as_i64()
                .ok_or_else(|| Fault::new("int_type", "Input should be a valid integer")),
        };
        let within = number.and_then(|number: i64| match number {
            _ if number < MIN => Err(Fault::new(
                "greater_than_equal",
                format!("Input should be greater than or equal to {MIN}"),
            )
            .context(json!({ "ge": MIN }))),
            _ if number > MAX => Err(Fault::new(
                "less_than_equal",
                format!("Input should be less than or equal to {MAX}"),
            )
            .context(json!({ "le": MAX }))),
            number => Ok(Self(number)),
        });
        location.check(value, within)
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

/// A request type inside another one.
pub struct Nested<T>(pub T);

impl<T: FromFields> Field for Nested<T> {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        read_object(value, Location { loc: location.loc.clone(), issues: location.issues })
            .map(Self)
    }
}

macro_rules! id_field {
    ($($id:ty),*) => {$(
        impl Field for $id {
            fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
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
        }
    )*};
}

id_field!(AccountId, GameRuleId, RoomId, SessionId, VisitorId);
