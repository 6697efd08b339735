//! The clients of counsellors, their rooms, and the records of consultations.
//!
//! Nouns and their rules: [`Client`], [`Record`]. Use cases: [`create`], [`list`], [`manage`], [`verify`] an
//! address, [`records`] of consultations.
//!
//! What is private to a counsellor is read by that counsellor and by administrators; visitors never see it.

mod bounds;
pub mod client;
pub mod create;
mod error;
mod http;
pub mod list;
pub mod manage;
pub mod record;
pub mod records;
mod store;
pub mod verify;

pub use bounds::ClientBounds;
pub use client::Client;
pub use error::ClientError;
pub use http::{Documentation, configure, guard};
pub use record::Record;
