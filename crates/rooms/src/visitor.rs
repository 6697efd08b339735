//! Somebody who joined a room without an account.

use chrono::{DateTime, Utc};
use ids::{RoomId, VisitorId};
use values::Text;

/// What a visitor is called; may be empty.
pub type VisitorName = Text<0, 100>;

/// What a client calls its session; joining a room again with it is joining once.
pub type SessionKey = Text<0, 255>;

/// Somebody who joined a room without an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Which one; whoever knows it may speak for the visitor.
    pub id: VisitorId,
    /// What people call the visitor.
    pub name: String,
    /// Where the visitor is.
    pub room_id: RoomId,
    /// The client's name for its session.
    pub session_id: String,
    /// Whether the visitor is there, and has not left.
    pub is_active: bool,
    /// Since when.
    pub joined_at: DateTime<Utc>,
    /// The last sign of life.
    pub last_seen: DateTime<Utc>,
}
