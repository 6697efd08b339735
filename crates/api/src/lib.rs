//! What every handler shares.
//!
//! - [`Problem`]: the one shape of an error, and [`middleware`], the one place that writes it.
//!   [`texts`] is what it says in Chinese.
//! - [`Input`] and [`Authed`]: extractors, which check in the order of the earlier backend: first the
//!   body's syntax, then the caller, then path, query and body together.
//! - [`RequestPart`]: a part of a request that parses itself from the raw request.
//! - [`read_file`]: a small file that a form carries.
//! - [`Idempotency`]: the header `Idempotency-Key`.
//! - [`SentTags`], [`Tagged`]: conditions of requests and entity tags.
//! - [`Created`], [`Paged`], [`Routes`], [`RequestId`]: parts of a response.

mod body_timeout;
mod buffer_body;
mod created;
mod entity_tags;
mod error_responses;
mod fallback;
mod head_limits;
mod idempotency;
mod input;
mod language;
mod limits;
mod log_sampling;
pub mod middleware;
mod normalize_path;
mod paged;
mod problem;
mod request_id;
mod routes_macro;
mod sentence;
pub mod texts;
mod uploaded_file;

pub use body_timeout::{disable_body_timeout, limit_body_time};
pub use buffer_body::buffer_body;
pub use created::{Created, Located};
pub use entity_tags::{
    EntityTags, SentTags, StaleBody, Tagged, etag, not_modified, version_mismatch,
};
pub use error_responses::{
    AuthErrors, BodyErrors, InputErrors, OverloadErrors, RepeatErrorBody, RepeatErrors,
};
pub use fallback::Routes;
pub use head_limits::limit_head;
pub use idempotency::{Idempotency, key_reused};
pub use input::{
    Authed, Document, Input, Json, JsonOrQuery, LargeJson, OptionalJson, Path, Query, RawRequest,
    RequestPart, cut_off,
};
pub use limits::{BodyLimits, HeadLimits, UploadLimits};
pub use normalize_path::{PathAliases, normalize_path};
pub use paged::Paged;
pub use problem::{ErrorBody, Problem, ValidationBody};
pub use request_id::RequestId;
pub use uploaded_file::{UploadedFile, read_file};
