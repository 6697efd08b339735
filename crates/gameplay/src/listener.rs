//! Notification of committed saves and deletions.

use chrono::{DateTime, Utc};
use ids::RoomId;

use crate::save::Save;
use crate::state::{GameplayId, GameplayState};
use crate::version::Tag;

/// Is notified of every committed save and deletion.
pub trait StateListener: Send + Sync {
    /// Called after the commit and before the caller is answered; for the saves of one room in the order of
    /// their commits. Must not block: the lane's next group waits meanwhile.
    fn on_saved(&self, save: &Save, state: &GameplayState);

    /// Called after the commit and before the caller is answered. Deletions and saves of one game that are
    /// under way together may be reported in another order than they were committed.
    fn on_deleted(&self, deletion: &Deletion);
}

/// The deletion of a state.
#[derive(Clone, Debug, PartialEq)]
pub struct Deletion {
    /// The room.
    pub room_id: RoomId,
    /// The game.
    pub gameplay_id: GameplayId,
    /// The last version of the state.
    pub tag: Tag,
    /// When it was deleted.
    pub at: DateTime<Utc>,
}

/// A listener that ignores everything.
pub struct NoListener;

impl StateListener for NoListener {
    fn on_saved(&self, _: &Save, _: &GameplayState) {}

    fn on_deleted(&self, _: &Deletion) {}
}
