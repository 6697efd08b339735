//! Administration: batches of accounts, and accounts one by one.

mod batch;
mod import;
mod users;
