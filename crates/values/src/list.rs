//! Lists of a bounded length.

use std::ops::Deref;

use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::fault::{Fault, Location};
use crate::field::Field;

/// A list of at most `MAX` items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> List<T, MAX> {
    /// A list of these items.
    ///
    /// # Errors
    /// When there are too many.
    pub fn of(items: Vec<T>) -> Result<Self, Fault> {
        let length = items.len();
        if length > MAX { Err(too_long(MAX, length)) } else { Ok(Self(items)) }
    }
}

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

fn too_long(most: usize, length: usize) -> Fault {
    let noun = if most == 1 { "item" } else { "items" };
    let msg = format!("List should have at most {most} {noun} after validation, not {length}");
    Fault::new("too_long", msg)
        .context(json!({ "field_type": "List", "max_length": most, "actual_length": length }))
}

impl<T: Field, const MAX: usize> Field for List<T, MAX> {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        // The length first: the faults of an endless list are not looked for.
        if let Some(length) = value.as_array().map(Vec::len).filter(|it| *it > MAX) {
            return location.reject(&Value::Null, too_long(MAX, length));
        }
        Vec::read(value, location).map(Self)
    }
}

impl<T, const MAX: usize> Deref for List<T, MAX> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: PartialSchema, const MAX: usize> PartialSchema for List<T, MAX> {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new().items(T::schema()).max_items(Some(MAX)).into()
    }
}

impl<T: ToSchema, const MAX: usize> ToSchema for List<T, MAX> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &Value) -> (Option<List<bool, 2>>, Vec<String>) {
        let mut issues = Vec::new();
        let list = List::read(value, &mut Location::new(vec!["body".into()], &mut issues));
        (list, issues.into_iter().map(|issue| issue.msg).collect())
    }

    #[test]
    fn a_list_has_no_more_items_than_its_type_says() {
        assert_eq!(read(&json!([true, false])).0.unwrap().len(), 2);
        let (list, issues) = read(&json!([true, false, "x"]));
        assert_eq!(list, None);
        assert_eq!(issues, ["List should have at most 2 items after validation, not 3"]);
        assert!(read(&json!("x")).0.is_none());
    }
}
