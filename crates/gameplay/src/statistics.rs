//! What happened in a room.

use auth::Account;
use chrono::{DateTime, Utc};
use database::{At, Db};
use ids::RoomId;
use rooms::{Deed, manage};

use crate::error::GameplayError;
use crate::store as table;

/// What happened in a room, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// People who joined, those who left included.
    pub visitors: i64,
    /// Games of which a state was saved.
    pub games: i64,
    /// The last sign of a visitor or of a game.
    pub last_activity: Option<DateTime<Utc>>,
}

/// The statistics of a room, for its owner and administrators.
///
/// # Errors
/// When there is no such room, or it is not theirs.
pub async fn of(db: &Db, account: &Account, room: RoomId) -> Result<Statistics, GameplayError> {
    manage::find_for(db, account, room, Deed::Statistics).await?;
    let (visitors, last_seen) = manage::visits(db, room).await?;
    let (games, last_played) = db.read_one(table::saves(room)).await?.unwrap_or_default();
    let last_activity = last_seen.max(last_played.map(At::utc));
    Ok(Statistics { visitors, games, last_activity })
}
