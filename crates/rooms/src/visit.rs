//! What visitors do, who have no account.

use auth::Account;
use database::Db;
use ids::{RoomId, VisitorId};
use values::time;

use crate::error::RoomError;
use crate::heartbeat::Heartbeats;
use crate::join::{Join, Joins};
use crate::manage;
use crate::room::Deed;
use crate::share_code::ShareCode;
use crate::store as table;
use crate::visitor::{SessionKey, Visitor, VisitorName};

/// Joins a room by its share code. Joining again with the same session gives the same visitor.
///
/// # Errors
/// When the code leads nowhere, or the room is closed or over; which of them is not told.
pub async fn join(
    joins: &Joins,
    code: ShareCode,
    name: VisitorName,
    session_id: SessionKey,
) -> Result<Visitor, RoomError> {
    Ok(joins.commit(Join { code, name, session_id, at: time::now() }).await??)
}

/// The visitors who are in a room, in the order they came.
///
/// # Errors
/// When there is no such room, or it is not theirs.
pub async fn present(db: &Db, account: &Account, room: RoomId) -> Result<Vec<Visitor>, RoomError> {
    manage::find_for(db, account, room, Deed::Visitors).await?;
    let rows = db.read_all(table::present(room)).await?;
    Ok(rows.into_iter().map(Visitor::from).collect())
}

/// The visitors who are in a room, for the server itself.
///
/// # Errors
/// When the database does not answer.
pub async fn all_in(db: &Db, room: RoomId) -> Result<Vec<Visitor>, RoomError> {
    let rows = db.read_all(table::present(room)).await?;
    Ok(rows.into_iter().map(Visitor::from).collect())
}

/// The visitor with this id, also one who left.
///
/// # Errors
/// When there is none.
pub async fn find(db: &Db, id: VisitorId) -> Result<Visitor, RoomError> {
    let row = db.read_one(table::visitor(id)).await?;
    row.map(Visitor::from).ok_or(RoomError::NoSuchVisitor)
}

/// Notes a sign of life.
///
/// # Errors
/// When there is no such visitor, or the visitor left.
pub async fn heartbeat(
    db: &Db,
    heartbeats: &Heartbeats,
    id: VisitorId,
) -> Result<Visitor, RoomError> {
    match heartbeats.commit((id, time::now())).await? {
        Some(visitor) => Ok(visitor),
        None => find(db, id).await.and(Err(RoomError::VisitorLeft)),
    }
}

/// Sees a visitor off; leaving twice is leaving once.
///
/// # Errors
/// When there is no such visitor.
pub async fn leave(db: &Db, id: VisitorId) -> Result<Visitor, RoomError> {
    let row = db.write_one(table::leave(id)).await?;
    row.map(Visitor::from).ok_or(RoomError::NoSuchVisitor)
}
