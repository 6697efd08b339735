//! Reading one value.

use serde_json::Value;

use crate::fault::Location;

/// A value that can be read from JSON.
pub trait Field: Sized {
    /// Reads the value, or records at `location` what is wrong with it.
    fn read(value: &Value, location: &mut Location<'_>) -> Option<Self>;

    /// The value of a field that is not there; `None` makes the field required.
    fn absent() -> Option<Self> {
        None
    }
}
