//! What every handler shares.
//!
//! - [`Problem`]: the one shape of an error, and [`answer`], the one place that writes it.
//! - [`Input`] and [`Authed`]: what a request says, checked in the order of the earlier backend: first
//!   the body's syntax, then who asks, then path, query and body together.
//! - [`Part`], [`Field`] and [`Fields`]: how a request type reads itself, all faults at once.
//! - [`Text`], [`time`]: values that are valid because they exist.
//! - [`Idempotency`]: what a client calls a request that it may repeat.
//! - [`Created`], [`Routes`], [`RequestId`]: what goes back.
//! - [`Principal`]: who asks, as the log names them.

pub mod answer;
mod arrival;
mod created;
mod faults;
mod fields;
mod head;
mod idempotency;
mod input;
mod patience;
mod principal;
mod problem;
mod refusals;
mod request_id;
mod route_list;
mod routes;
mod spelling;
mod text;
pub mod time;

pub use arrival::await_body;
pub use created::Created;
pub use faults::{BodyFaults, Busy, InputFaults, SignInFaults};
pub use fields::{Field, Fields, Flaw, FromFields, Issue, Nested, Spot, Whole, choice};
pub use head::{HeadLimits, limit_head};
pub use idempotency::{Idempotency, key_reused};
pub use input::{
    Authed, BodyLimits, Both, Document, Input, Json, JsonOrQuery, MaybeJson, Part, Path, PathParam,
    Query, Raw,
};
pub use patience::{limit_body_time, waive_body_time};
pub use principal::Principal;
pub use problem::{ErrorBody, Problem, ValidationBody};
pub use request_id::RequestId;
pub use routes::Routes;
pub use spelling::{Names, spell_paths_alike};
pub use text::Text;
