//! Administration: batches of accounts, and accounts one by one.

mod batch;
mod database;
mod import;
mod users;
