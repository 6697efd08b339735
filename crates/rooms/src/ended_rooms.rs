//! Notifications of rooms that end, for the parts of this process that hold something for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// Publishes the rooms that end. Clones share the subscribers.
///
/// Rooms that expire, and those that other instances close, are found by
/// [`manage::ended`](crate::manage::ended) and [reported](Self::report).
#[derive(Clone, Debug)]
pub struct EndedRooms {
    ended: broadcast::Sender<RoomEnded>,
    /// The rooms that requests of this process are ending, with the number of these requests.
    ending: Arc<Mutex<HashMap<RoomId, usize>>>,
}

/// A request that is ending a room, until it is dropped.
///
/// The row of a deleted room looks like that of a closed one, so only the request knows the reason:
/// meanwhile the room is not [reported](EndedRooms::report) by others.
#[derive(Debug)]
pub(crate) struct Ending<'a> {
    rooms: &'a EndedRooms,
    room: RoomId,
}

impl Default for EndedRooms {
    fn default() -> Self {
        Self { ended: broadcast::Sender::new(BACKLOG_MAX), ending: Arc::default() }
    }
}

impl EndedRooms {
    /// Every room that ends from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<RoomEnded> {
        self.ended.subscribe()
    }

    /// Publishes a room that was found to have ended, unless a request of this process is ending it, which
    /// publishes it with its own reason. Never waits.
    pub fn report(&self, ended: RoomEnded) {
        let ending = self.lock();
        if !ending.contains_key(&ended.room) {
            self.send(ended);
        }
    }

    /// Begins to end a room; to be called before the statement that does.
    pub(crate) fn begin(&self, room: RoomId) -> Ending<'_> {
        *self.lock().entry(room).or_default() += 1;
        Ending { rooms: self, room }
    }

    fn send(&self, ended: RoomEnded) {
        // A send fails only without subscribers, which is allowed.
        let _ = self.ended.send(ended);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, usize>> {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ending<'_> {
    /// Publishes that the room ended, after the commit. Never waits.
    pub(crate) fn publish(self, reason: EndReason) {
        self.rooms.send(RoomEnded { room: self.room, reason });
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let mut ending = self.rooms.lock();
        if let Some(requests) = ending.get_mut(&self.room) {
            *requests -= 1;
            if *requests == 0 {
                ending.remove(&self.room);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_that_a_request_ends_is_published_with_the_reason_of_the_request_first() {
        let rooms = EndedRooms::default();
        let mut ended = rooms.subscribe();
        let (room, other) = (RoomId::new(), RoomId::new());
        let found = |room| RoomEnded { room, reason: EndReason::Closed };
        let (first, second) = (rooms.begin(room), rooms.begin(room));
        rooms.report(found(room));
        rooms.report(found(other));
        first.publish(EndReason::Deleted);
        rooms.report(found(room));
        drop(second);
        rooms.report(found(room));
        let mut next = || ended.try_recv().map(|it| (it.room, it.reason)).ok();
        assert_eq!(next(), Some((other, EndReason::Closed)));
        assert_eq!(next(), Some((room, EndReason::Deleted)));
        assert_eq!(next(), Some((room, EndReason::Closed)));
        assert_eq!(next(), None);
        assert!(rooms.lock().is_empty());
    }
}
