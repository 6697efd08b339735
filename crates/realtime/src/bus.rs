//! What is told to rooms from elsewhere.

use ids::RoomId;

use crate::event::ServerEvent;

/// Brings news to the rooms that they are about.
///
/// The hub of this process is one. A bus between instances tells the others and then its own hub.
pub trait Bus: Send + Sync {
    /// Brings news to everybody in a room. Never waits, and never fails the one who tells: what the
    /// news are about has happened.
    fn publish(&self, news: News);
}

/// Something that happened to a room.
#[derive(Clone, Debug)]
pub enum News {
    /// The server has something to say in the room's own channel.
    Announcement {
        /// Where.
        room: RoomId,
        /// What kind of message it is.
        event: ServerEvent,
        /// What it says: an object of JSON.
        payload: String,
    },
    /// The room is closed, or deleted, or its time is over.
    Closed {
        /// Which one.
        room: RoomId,
    },
}
