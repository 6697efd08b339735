//! Counts of open rooms and present visitors, for `/metrics`.

use chrono::{TimeDelta, Utc};
use database::{DatabaseError, Db};

use crate::store;

/// The silence after which a visitor no longer counts as present: several heartbeats.
const SILENCE_MAX: TimeDelta = TimeDelta::minutes(5);

/// The number of rooms that can be joined.
///
/// # Errors
/// When the database fails.
pub async fn open_rooms(db: &Db) -> Result<i64, DatabaseError> {
    Ok(db.read_one(store::count_open(Utc::now())).await?.unwrap_or(0))
}

/// The number of visitors who have not left and sent a heartbeat lately.
///
/// # Errors
/// When the database fails.
pub async fn present_visitors(db: &Db) -> Result<i64, DatabaseError> {
    Ok(db.read_one(store::count_present(Utc::now() - SILENCE_MAX)).await?.unwrap_or(0))
}
