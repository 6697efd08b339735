//! What the owner of a room does with it.

use auth::Account;
use chrono::{DateTime, Utc};
use database::{At, Db};
use ids::{AccountId, RoomId};

use crate::error::RoomError;
use crate::room::{Deed, Description, Room, RoomName};
use crate::store as table;

/// The room with this id.
///
/// # Errors
/// When there is none.
pub async fn find(db: &Db, id: RoomId) -> Result<Room, RoomError> {
    let row = db.read_one(table::room(id)).await?;
    row.map(Room::from).ok_or(RoomError::NoSuchRoom)
}

/// The rooms with these ids, as far as there are any.
///
/// # Errors
/// When the database does not answer.
pub async fn find_all(db: &Db, ids: &[RoomId]) -> Result<Vec<Room>, RoomError> {
    let rows = db.read_all(table::rooms(ids.to_vec())).await?;
    Ok(rows.into_iter().map(Room::from).collect())
}

/// The rooms that somebody opened, newest first; closed ones only when asked for.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db, owner: AccountId, with_closed: bool) -> Result<Vec<Room>, RoomError> {
    let rows = if with_closed {
        db.read_all(table::rooms_of(owner)).await?
    } else {
        db.read_all(table::open_rooms_of(owner)).await?
    };
    Ok(rows.into_iter().map(Room::from).collect())
}

/// The room with this id, for somebody who may do this with it.
///
/// # Errors
/// When there is none, or it is not theirs.
pub async fn find_for(
    db: &Db,
    account: &Account,
    id: RoomId,
    deed: Deed,
) -> Result<Room, RoomError> {
    let room = find(db, id).await?;
    room.lets(account, deed)?;
    Ok(room)
}

/// Gives a room another name and description; a description that is not given is removed.
///
/// # Errors
/// When there is no such room, or it is not theirs.
pub async fn describe(
    db: &Db,
    account: &Account,
    id: RoomId,
    name: &RoomName,
    description: Option<&Description>,
) -> Result<Room, RoomError> {
    find_for(db, account, id, Deed::Update).await?;
    let described = table::describe(id, name, description.map(|it| &**it));
    db.write_one(described).await?.map(Room::from).ok_or(RoomError::NoSuchRoom)
}

/// Closes a room, or deletes it, which keeps it just the same.
///
/// # Errors
/// When there is no such room, or it is not theirs.
pub async fn close(db: &Db, account: &Account, id: RoomId, deed: Deed) -> Result<Room, RoomError> {
    find_for(db, account, id, deed).await?;
    db.write_one(table::close(id)).await?.map(Room::from).ok_or(RoomError::NoSuchRoom)
}

/// Opens a closed room again.
///
/// # Errors
/// When there is no such room, it is not theirs, or it is open.
pub async fn restore(db: &Db, account: &Account, id: RoomId) -> Result<Room, RoomError> {
    find_for(db, account, id, Deed::Restore).await?;
    db.write_one(table::restore(id)).await?.map(Room::from).ok_or(RoomError::AlreadyActive)
}

/// How many visitors a room has had, and when one of them was last seen.
///
/// # Errors
/// When the database fails.
pub async fn visits(db: &Db, id: RoomId) -> Result<(i64, Option<DateTime<Utc>>), RoomError> {
    let visits = db.read_one(table::visit_statistics(id)).await?;
    let (count, last_seen) = visits.unwrap_or_default();
    Ok((count, last_seen.map(At::utc)))
}
