//! Notifications of rooms that end, for the parts of this process that hold something for them.

use ids::RoomId;
use tokio::sync::broadcast;

use crate::room::EndReason;

/// Notifications that a slow subscriber may leave unread; it misses older ones.
const BACKLOG_MAX: usize = 1024;

/// A room that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoomEnded {
    /// The room.
    pub room: RoomId,
    /// Why it ended.
    pub reason: EndReason,
}

/// Publishes the rooms that this process closes or deletes. Clones share the subscribers.
///
/// Rooms that expire, and those that other instances close, are found by
/// [`manage::ended`](crate::manage::ended).
#[derive(Clone, Debug)]
pub struct EndedRooms(broadcast::Sender<RoomEnded>);

impl Default for EndedRooms {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG_MAX))
    }
}

impl EndedRooms {
    /// Every room that ends from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<RoomEnded> {
        self.0.subscribe()
    }

    /// Publishes that a room ended, after the commit. Never waits.
    pub(crate) fn publish(&self, room: RoomId, reason: EndReason) {
        // A send fails only without subscribers, which is allowed.
        let _ = self.0.send(RoomEnded { room, reason });
    }
}
