//! The values that `cardroom check` prints.

/// A value in effect and its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The key, as in `server.port`, or `profile`.
    pub key: String,
    /// The value; a secret as `***`, a database URL without its password, nothing as `(none)`.
    pub value: String,
    /// The file or variable, as in `base.toml` or `environment variable PORT`.
    pub source: String,
}
