//! JSON documents as text: canonical form, bounds, merge patches and differences.
//!
//! A document that a client sends is checked against [`Bounds`] and brought into canonical form once
//! ([`Json::accept`]). From then on it stays text: it is stored, compared and merged ([`merge_patch`])
//! without building a tree, so numbers keep their digits.

mod bounds;
mod canonical;
#[cfg(feature = "diesel")]
mod columns;
mod json;
pub mod merge_patch;
pub mod scan;
#[cfg(feature = "diesel")]
pub mod sql;

pub use bounds::{Bounds, Refusal};
pub use canonical::canonical;
pub use json::Json;
