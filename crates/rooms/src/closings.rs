//! Rooms that are closed, for whoever has to know at once.

use ids::RoomId;
use tokio::sync::broadcast;

/// Closings that wait for somebody who follows; who is slower misses some.
const WAITING_MAX: usize = 1024;

/// Tells of rooms that are closed or deleted by this process. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Closings(broadcast::Sender<RoomId>);

impl Default for Closings {
    fn default() -> Self {
        Self(broadcast::Sender::new(WAITING_MAX))
    }
}

impl Closings {
    /// Every closing from now on.
    pub fn follow(&self) -> broadcast::Receiver<RoomId> {
        self.0.subscribe()
    }

    /// Tells that a room is closed, after the commit. Never waits.
    pub(crate) fn tell(&self, room: RoomId) {
        // Nobody has to follow.
        let _ = self.0.send(room);
    }
}
