//! All queries on rooms, visitors and game rules.
//!
//! # Order of row locks
//!
//! Every transaction takes its row locks in this order, so that none waits for another that waits for it:
//!
//! 1. rows of `gameplay_states` that exist, by id, which only the deletion of rooms locks here;
//! 2. rows of `counselor_notes`, by room, as above;
//! 3. rows of `rooms`, by id;
//! 4. rows of `visitors` that it inserts, by room and session. Until the commit no other transaction sees
//!    them, so only transactions that insert the same sessions wait for them;
//! 5. rows of `visitors` that exist, by id.

mod clear;
mod clients;
mod game_rules;
mod rooms;
mod visitors;

use chrono::{DateTime, Utc};

/// The moment before all others in lists.
pub(crate) const EARLIEST: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// The moment after all others in lists: the last second of the year 9999.
pub(crate) const LATEST: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
    Some(end) => end,
    None => DateTime::<Utc>::MAX_UTC,
};

pub(crate) use clear::*;
pub(crate) use clients::*;
pub(crate) use game_rules::*;
pub(crate) use rooms::*;
pub(crate) use visitors::*;
