//! One set of queries for two databases.
//!
//! A query is written once, as a plain function that returns a query *value*; the bounds [`Fetch`] and
//! [`Execute`] require that both databases can run it. [`Db`] runs it:
//!
//! ```ignore
//! fn by_id(id: RoomId) -> impl Fetch<'static, RoomRow> {
//!     rooms::table.find(id)
//! }
//! let room: Option<RoomRow> = db.read_one(by_id(id)).await?;
//! ```
//!
//! The feature crates own their queries; this crate owns the [`schema`], the column types that both
//! databases share ([`At`], JSON documents and the ids), the pools and the [`migrations`]. Frequent
//! writes are committed together ([`group_commit`]); the others that take several statements are a
//! [`Db::transaction`].
//!
//! # Lock order
//!
//! A transaction of several rows locks them in one order, on every instance, so that two transactions
//! never wait for each other: first by table, in the order `users`, `sessions`, `clients`,
//! `consultation_records`, `gameplay_states`, `deleted_gameplay_states`, `counselor_notes`, `rooms`, `visitors`,
//! `files`, `idempotency_keys`, `audit_log`, `presence_handovers`; within a table by primary
//! key, and rows that are inserted after those that exist, by their unique key. An insert locks the rows that
//! it refers to: a new state its room. A statement that updates many rows locks all of them in this order
//! first (`ORDER BY … FOR UPDATE`): an `UPDATE … FROM` locks rows in the order of its plan.

mod at;
mod breaker;
mod cached;
mod db;
mod error;
mod failure_kind;
pub mod group_commit;
pub mod idempotency;
mod lookups;
pub mod migrations;
mod pool;
mod postgres;
mod query;
mod row_locks;
pub mod schema;
pub mod sql_types;
mod sqlite;
mod transaction;
mod transaction_steps;
mod unnest;

pub use at::At;
pub use cached::Cached;
pub use db::{Db, Probe};
pub use error::DatabaseError;
pub use lookups::Lookups;
pub use pool::{Figures, InstrumentedPool, Pool};
pub use postgres::{Pooler, PoolerError, pooler};
pub use query::{Execute, Fetch, Follow, Follows, columns, fetch_all_in_place, fetch_in_place};
pub use row_locks::{ForNoKeyUpdate, ForUpdate};
pub use sql_types::latest;
pub use sqlite::{DatabaseFile, RunOn, SqliteSession};
pub use transaction_steps::Transaction;
pub use unnest::Unnest;
