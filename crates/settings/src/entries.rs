//! Values as the layers hold them, before they are read as types.

use std::collections::BTreeMap;

/// The values in effect, by dotted key.
pub(crate) type Entries = BTreeMap<String, Entry>;

/// A value and its source.
pub(crate) struct Entry {
    pub(crate) value: Value,
    pub(crate) source: String,
}

/// A value as written. Variables are text, so numbers and booleans are text as well.
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(crate) enum Value {
    Text(String),
    List(Vec<String>),
}
