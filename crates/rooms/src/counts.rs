//! How many there are, for whoever watches the service.

use chrono::{TimeDelta, Utc};
use database::{DatabaseError, Db};

use crate::store as table;

/// Visitors of whom nothing was heard for so long are not there any more: several heartbeats.
const SILENCE_MAX: TimeDelta = TimeDelta::minutes(5);

/// Rooms that can be joined.
///
/// # Errors
/// When the database fails.
pub async fn open_rooms(db: &Db) -> Result<i64, DatabaseError> {
    Ok(db.read_one(table::count_open(Utc::now())).await?.unwrap_or(0))
}

/// Visitors who have come and not left, and gave a sign of life lately.
///
/// # Errors
/// When the database fails.
pub async fn present_visitors(db: &Db) -> Result<i64, DatabaseError> {
    Ok(db.read_one(table::count_present(Utc::now() - SILENCE_MAX)).await?.unwrap_or(0))
}
