//! Reading the fields of an object, all faults at once.

use serde_json::{Map, Value};

use crate::fault::{Fault, Location};
use crate::field::Field;

/// A request type that reads itself from the fields of an object.
pub trait FromFields: Sized {
    /// Reads all fields before giving up, so that all faults are found.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self>;
}

/// The fields of an object.
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    location: Location<'a>,
}

impl Fields<'_> {
    /// Reads a field; one that is not there has the value [`Field::absent`] of its type.
    pub fn field<T: Field>(&mut self, name: &str) -> Option<T> {
        match (self.object.get(name), T::absent()) {
            (Some(value), _) => T::read(value, &mut self.location.inside(name)),
            (None, Some(value)) => Some(value),
            (None, None) => {
                let object = Value::Object(self.object.clone());
                self.location.inside(name).reject(&object, Fault::new("missing", "Field required"))
            }
        }
    }

    /// Reads a field; one that is not there is `default`.
    pub fn field_or<T: Field>(&mut self, name: &str, default: T) -> Option<T> {
        match self.object.get(name) {
            Some(value) => T::read(value, &mut self.location.inside(name)),
            None => Some(default),
        }
    }
}

/// Reads a request type from a value, which has to be an object.
pub fn read_object<T: FromFields>(value: &Value, mut location: Location<'_>) -> Option<T> {
    match value {
        Value::Object(object) => T::from_fields(&mut Fields { object, location }),
        other => location.reject(
            other,
            Fault::new(
                "model_attributes_type",
                "Input should be a valid dictionary or object to extract fields from",
            ),
        ),
    }
}

/// A request type inside another one.
pub struct Nested<T>(pub T);

impl<T: FromFields> Field for Nested<T> {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        read_object(value, location.reborrow()).map(Self)
    }
}
