//! The name of a request that may be repeated.

/// The value of the header `Idempotency-Key`, and what the request asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The client's name for the request, 1 to 255 bytes.
    pub key: String,
    /// A hash of the request: method, path, conditions and body.
    pub fingerprint: Vec<u8>,
}
