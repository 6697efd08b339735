//! Fields that may be left out.

use serde_json::Value;

use crate::fault::Location;
use crate::field::Field;

/// A field of a partial change: none when it was left out, which differs from null.
///
/// `Given<Option<T>>` takes null as a value, and `Given<T>` refuses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given<T>(pub Option<T>);

impl<T: Field> Field for Given<T> {
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self> {
        T::read(value, location).map(|value| Self(Some(value)))
    }

    fn absent() -> Option<Self> {
        Some(Self(None))
    }
}
