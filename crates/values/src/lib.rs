//! Values that are valid because they exist, and how a request type reads itself from JSON.
//!
//! A leaf: no web framework, no database, no runtime, so that the nouns of a feature and their rules
//! compile without any.
//!
//! - [`Field`], [`Fields`], [`FromFields`]: a request type reads its fields and reports every fault.
//! - [`Fault`], [`Location`], [`Issue`]: a fault, the place in the input, and both in a 422.
//! - [`Text`], [`Email`], [`Integer`], [`List`], [`Day`], [`time`], [`choice`]: values with bounds. Checks, the texts of a
//!   422 and OpenAPI all follow from the type.
//! - [`Given`]: a field that may be left out of a partial change.
//! - [`PathParam`]: a value that a path carries under a fixed name.
//! - [`IdempotencyKey`]: the name that a client gives to a request it may repeat.
//! - [`ServerFailure`]: a failure that is the server's, classified for its answer.

mod day;
mod email;
mod fault;
mod field;
mod given;
mod idempotency_key;
mod integer;
mod list;
mod object;
mod path_param;
mod primitives;
mod server_failure;
mod text;
pub mod time;
mod uuids;

pub use day::Day;
pub use email::Email;
pub use fault::{Fault, Issue, Location};
pub use field::Field;
pub use given::Given;
pub use idempotency_key::IdempotencyKey;
pub use integer::Integer;
pub use list::List;
pub use object::{Fields, FromFields, Nested, read_object};
pub use path_param::PathParam;
pub use primitives::choice;
pub use server_failure::{FailureKind, ServerFailure};
pub use text::Text;
pub use uuids::read_uuid;
