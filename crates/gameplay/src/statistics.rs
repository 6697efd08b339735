//! Statistics of a room.

use auth::Account;
use chrono::{DateTime, Utc};
use database::Db;
use ids::RoomId;
use rooms::{RoomAction, manage};

use crate::error::GameplayError;
use crate::store as table;

/// Statistics of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Visitors who joined, including those who left.
    pub visitors: i64,
    /// Saves of the states that exist.
    pub saves: i64,
    /// When a visitor was last seen or a state last saved.
    pub last_activity: Option<DateTime<Utc>>,
}

/// The statistics of a room, for its owner and administrators.
///
/// # Errors
/// When there is no such room, or it is not theirs.
pub async fn of(db: &Db, account: &Account, room: RoomId) -> Result<Statistics, GameplayError> {
    manage::find_for(db, account, room, RoomAction::Statistics).await?;
    let (visitors, last_seen) = manage::visits(db, room).await?;
    let games = db.read_all(table::saves(room)).await?;
    let saves = games.iter().map(|(version, _)| version).sum();
    let last_saved = games.iter().map(|(_, saved_at)| saved_at.utc()).max();
    Ok(Statistics { visitors, saves, last_activity: last_seen.max(last_saved) })
}
