//! Events from the rest of the service for the channels of a room.

use ids::RoomId;
use rooms::EndReason;

use crate::event::ServerEvent;

/// Delivers events to the channels of rooms.
///
/// The hub of this process is one. A bus between instances sends to the others and then to its own hub.
pub trait Bus: Send + Sync {
    /// Delivers an event to the members of a room. Never waits and never fails: what the event reports
    /// is committed already.
    fn publish(&self, event: RoomEvent);
}

/// An event of a room.
#[derive(Clone, Debug)]
pub enum RoomEvent {
    /// The server sends a broadcast to the main channel of the room.
    Announcement {
        /// The room.
        room: RoomId,
        /// The event of the broadcast.
        event: ServerEvent,
        /// The payload: a JSON object.
        payload: String,
    },
    /// The room was closed or deleted, or it expired. Its channels end.
    Closed {
        /// The room.
        room: RoomId,
        /// The reason, which `session_ended` reports to the members before the channels end.
        reason: EndReason,
    },
}
