//! A visitor: a person who joined a room without an account.

use chrono::{DateTime, Utc};
use ids::{RoomId, VisitorId};
use values::Text;

/// The name of a visitor; may be empty.
pub type VisitorName = Text<0, 100>;

/// The client's name for its session. Joining a room again with the same one gives the same visitor.
pub type SessionKey = Text<0, 255>;

/// A person who joined a room without an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Its id, a secret: a request that carries it acts for the visitor.
    pub id: VisitorId,
    /// Its name.
    pub name: String,
    /// The room.
    pub room_id: RoomId,
    /// The client's name for its session; unique in the room.
    pub session_id: String,
    /// Whether the visitor is in the room and has not left.
    pub is_active: bool,
    /// When the visitor joined first.
    pub joined_at: DateTime<Utc>,
    /// The last heartbeat or join. It never goes backwards.
    pub last_seen: DateTime<Utc>,
}
