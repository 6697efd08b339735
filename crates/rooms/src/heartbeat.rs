//! Heartbeats of visitors.

mod writer;

use database::Db;
use ids::VisitorId;
use values::time;

use crate::error::RoomError;
use crate::visit;
use crate::visitor::Visitor;

pub use writer::{HeartbeatWriter, Heartbeats};

/// Records a heartbeat.
///
/// # Errors
/// When there is no such visitor, or the visitor left.
pub async fn record_heartbeat(
    db: &Db,
    heartbeats: &Heartbeats,
    id: VisitorId,
) -> Result<Visitor, RoomError> {
    match heartbeats.commit((id, time::now())).await? {
        Some(visitor) => Ok(visitor),
        None => visit::find(db, id).await.and(Err(RoomError::VisitorLeft)),
    }
}
