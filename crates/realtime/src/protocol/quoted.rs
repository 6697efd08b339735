//! Text as JSON.

/// A string as JSON.
pub(crate) fn quoted(text: &str) -> String {
    // Serializing a string into memory does not fail.
    serde_json::to_string(text).unwrap_or_default()
}
