//! All queries on clients and consultation records.
//!
//! # Order of row locks
//!
//! Creating a client locks the row of the account; every other change locks the row of the client, and so
//! does a new record. Rooms, screenshots and stored answers are only inserted.

mod clients;
mod records;

pub(crate) use clients::*;
pub(crate) use records::*;
