//! Text of a known length that both databases can keep.

use std::fmt;
use std::ops::Deref;

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::fault::{Fault, Location};
use crate::field::Field;

/// Text of `MIN` to `MAX` characters without U+0000, which PostgreSQL cannot keep.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// Takes text from outside.
    ///
    /// # Errors
    /// When it is too short, too long, or contains U+0000.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let length = text.chars().count();
        if length < MIN {
            return Err(too_short(MIN));
        }
        if length > MAX {
            return Err(too_long(MAX));
        }
        storable(text).map(|text| Self(text.to_owned()))
    }

    /// Takes text that came through [`Text::parse`] before, such as a column's.
    pub fn trusted(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text itself.
    pub fn into_inner(self) -> String {
        self.0
    }
}

/// Lets text through that both databases can keep.
pub(crate) fn storable(text: &str) -> Result<&str, Fault> {
    if text.contains('\0') {
        return Err(Fault::new("value_error", "Value error, the character U+0000 is not allowed"));
    }
    Ok(text)
}

fn too_short(least: usize) -> Fault {
    let noun = plural(least);
    Fault::new("string_too_short", format!("String should have at least {least} {noun}"))
        .context(json!({ "min_length": least }))
}

fn too_long(most: usize) -> Fault {
    let noun = plural(most);
    Fault::new("string_too_long", format!("String should have at most {most} {noun}"))
        .context(json!({ "max_length": most }))
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "character" } else { "characters" }
}

impl<const MIN: usize, const MAX: usize> Field for Text<MIN, MAX> {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        let Value::String(text) = value else {
            return location
                .reject(value, Fault::new("string_type", "Input should be a valid string"));
        };
        location.check(value, Self::parse(text))
    }
}

impl<const MIN: usize, const MAX: usize> Deref for Text<MIN, MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> fmt::Display for Text<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MIN: usize, const MAX: usize> PartialSchema for Text<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(MAX));
        if MIN == 0 { text } else { text.min_length(Some(MIN)) }.into()
    }
}

impl<const MIN: usize, const MAX: usize> ToSchema for Text<MIN, MAX> {}
