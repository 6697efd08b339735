//! Databases for tests: real ones, a fresh one for each test.
//!
//! ```ignore
//! #[testkit::on_both_databases]
//! async fn a_new_database_has_no_rooms() {
//!     let database = testkit::database().await;
//!     let db = Db::open(&database.url).await.unwrap();
//!     assert!(rooms(&db).await.is_empty());
//! }
//! ```
//!
//! becomes two tests, `a_new_database_has_no_rooms::sqlite` and `…::postgres`. The second needs a
//! server: `TEST_DATABASE_URL` names it, and `cargo xtask test` starts a [`cluster`] for it. Without
//! one it fails, since a test that is skipped silently proves nothing. A test that needs other software
//! reports itself as [`left_out`] where it is not installed.

// The attribute writes `::testkit::…`, here too.
extern crate self as testkit;

pub mod bouncer;
pub mod cluster;
mod database;
mod kind;
mod left_out;
mod migrated;
mod postgres;
mod sqlite;

pub use database::{TestDatabase, database, postgres_database, sqlite_database};
pub use kind::{Kind, SERVER, kind, run};
pub use left_out::{LEFT_OUT, left_out};
pub use testkit_macros::on_both_databases;
