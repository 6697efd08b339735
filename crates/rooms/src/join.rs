//! Joining a room by its share code.

mod full_rooms;
mod writer;

use values::time;

use crate::error::RoomError;
use crate::share_code::ShareCode;
use crate::visitor::{SessionKey, Visitor, VisitorName};

pub use writer::{Join, JoinRefused, JoinWriter, Joins};

/// Joins a room by its share code. Joining again with the same session gives the same visitor.
///
/// # Errors
/// When no room has the code, or the room is closed or expired; these are not told apart. When the room
/// is full.
pub async fn join(
    joins: &Joins,
    code: ShareCode,
    name: VisitorName,
    session_id: SessionKey,
) -> Result<Visitor, RoomError> {
    Ok(joins.commit(Join { code, name, session_id, at: time::now() }).await??)
}
