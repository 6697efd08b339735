//! Idempotency keys: a client may repeat a request, and its effect is not repeated.
//!
//! A client that received no answer sends its request again with the same key. The answer is stored in
//! the transaction of the effect, so that both exist or neither, and the repeated request gets the stored
//! answer. Source: draft-ietf-httpapi-idempotency-key-header-07.
//!
//! **The stored shape belongs to the feature, and is not its domain type.** An answer is read by a later
//! release than the one that wrote it, up to [`RETENTION`] afterwards. So each feature stores a struct of
//! its own, gives every field that it adds a serde default, renames and removes none, and has a test that
//! reads the literal text of an earlier release. A shape that cannot be read fails its repeated request
//! with a server error.

mod answers;
mod in_flight;
mod key_limits;
mod limits;
mod many;

pub use answers::{
    AnswerRow, PriorAnswer, RETENTION, delete_expired, find_answers, parse_answer, prior_answers,
    retry_unless_stored, store_answer,
};
pub use in_flight::{IdempotentRequest, InFlight};
pub use key_limits::KeyLimits;
pub use limits::enforce;
pub use many::{StoreAnswers, store_answers};
