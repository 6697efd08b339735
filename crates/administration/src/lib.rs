//! The database as administrators see it.
//!
//! - [`tables`]: the tables and columns that are shown, and nothing else.
//! - `counts`: numbers of rows, exact for small tables and estimated for large ones.
//! - `clear`: deletes the rows of a table.
//! - `status`: name and size of the database.

mod clear;
mod counts;
mod error;
mod http;
mod status;
pub mod tables;

pub use error::AdministrationError;
pub use http::{Documentation, configure, prioritize};
