//! Integers within bounds.

use serde_json::{Value, json};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::fault::{Fault, Location};
use crate::field::Field;

/// An integer from `MIN` to `MAX`, from a path or a query string as digits.
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

impl<const MIN: i64, const MAX: i64> PartialSchema for Integer<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        let integer = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(MIN));
        if MAX == i64::MAX { integer } else { integer.maximum(Some(MAX)) }.into()
    }
}

impl<const MIN: i64, const MAX: i64> ToSchema for Integer<MIN, MAX> {}
