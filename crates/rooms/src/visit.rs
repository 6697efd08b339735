//! What visitors do, who have no account.

use api::time;
use auth::Account;
use ids::{RoomId, VisitorId};
use store::Db;

use crate::error::RoomError;
use crate::manage;
use crate::room::{Deed, Room, RoomClosed};
use crate::share_code::ShareCode;
use crate::store::{self as table, VisitorRow};
use crate::visitor::{SessionKey, Visitor, VisitorName};

/// Joins a room by its share code. Joining again with the same session gives the same visitor.
///
/// # Errors
/// When the code leads nowhere, or the room is closed or over; which of them is not told.
pub async fn join(
    db: &Db,
    code: &ShareCode,
    name: VisitorName,
    session_id: SessionKey,
) -> Result<Visitor, RoomError> {
    let now = time::now();
    let room = db.read_one(table::room_by_code(code)).await?;
    let room = room.map(Room::from).ok_or(RoomClosed)?;
    room.admits(now)?;
    let visitor = Visitor {
        id: VisitorId::new(),
        name: name.into_inner(),
        room_id: room.id,
        session_id: session_id.into_inner(),
        is_active: true,
        joined_at: now,
        last_seen: now,
    };
    let seated = db.write_one(table::seat(&VisitorRow::from(&visitor))).await?;
    Ok(seated.map_or(visitor, Visitor::from))
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
pub async fn heartbeat(db: &Db, id: VisitorId) -> Result<Visitor, RoomError> {
    match db.write_one(table::heartbeat(id, time::now())).await? {
        Some(row) => Ok(row.into()),
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
