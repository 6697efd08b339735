//! The service: settings → logs → database → app → serve → drain.
//!
//! The crates hold the rules; this one puts them together. [`app`] is the table of contents of
//! the API, [`serve`] the life of the process.

pub mod app;
mod banner;
mod bounds;
pub mod check;
mod connection;
mod cors;
mod descriptors;
mod docs;
mod health;
mod housekeeping;
pub mod lifecycle;
mod listen;
pub mod live;
mod opening;
mod operations;
mod priorities;
mod proxy;
mod row_counts;
mod running;
mod saved_tables;
pub mod serve;
mod shutdown;
mod upgrade;
mod worker_lag;
pub mod writers;

pub use docs::document;
pub use opening::Opened;
