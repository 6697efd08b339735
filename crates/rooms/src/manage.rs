//! Reading and managing rooms.

use std::collections::HashMap;

use auth::Account;
use chrono::{DateTime, Utc};
use database::{At, Db, Transaction};
use ids::{AccountId, ClientId, RoomId};

use crate::damage::{is_damage, readable};
use crate::ended_rooms::RoomEnded;
use crate::error::RoomError;
use crate::page::{Page, PageRequest};
use crate::room::{Description, EndReason, OwnedRoom, Room, RoomAction, RoomName};
use crate::store;

/// The room with this id.
///
/// # Errors
/// When there is none.
pub async fn find(db: &Db, id: RoomId) -> Result<Room, RoomError> {
    let row = db.read_one(store::room(id)).await?;
    row.map(Room::from).ok_or(RoomError::NoSuchRoom)
}

/// The same, in a transaction.
///
/// # Errors
/// When there is none.
pub async fn find_in(transaction: &mut Transaction<'_>, id: RoomId) -> Result<Room, RoomError> {
    let row = transaction.fetch_one(store::room(id)).await?;
    row.map(Room::from).ok_or(RoomError::NoSuchRoom)
}

/// Those of the rooms with these ids that exist.
///
/// # Errors
/// When the database does not answer.
pub async fn find_all(db: &Db, ids: &[RoomId]) -> Result<Vec<Room>, RoomError> {
    let rows = db.read_all(store::rooms(ids.to_vec())).await?;
    Ok(rows.into_iter().map(Room::from).collect())
}

/// Those of these rooms that have ended at `now`. One that no longer exists counts as deleted.
///
/// # Errors
/// When the database fails.
pub async fn ended(
    db: &Db,
    ids: &[RoomId],
    now: DateTime<Utc>,
) -> Result<Vec<RoomEnded>, RoomError> {
    let found = find_all(db, ids).await?;
    let found: HashMap<RoomId, Room> = found.into_iter().map(|room| (room.id, room)).collect();
    let reason = |id| match found.get(id) {
        Some(room) => room.end_reason(now),
        None => Some(EndReason::Deleted),
    };
    let ended = |id| reason(id).map(|reason| RoomEnded { room: *id, reason });
    Ok(ids.iter().filter_map(ended).collect())
}

/// A page of the rooms of an owner, newest first; with closed ones if `with_closed`.
///
/// # Errors
/// When the page is to begin after a room that is not theirs, or the database fails.
pub async fn list(
    db: &Db,
    owner: AccountId,
    with_closed: bool,
    page: PageRequest<RoomId>,
) -> Result<Page<Room>, RoomError> {
    let place = match page.after {
        Some(id) => {
            db.read_one(store::place_of_room(owner, id)).await?.ok_or(RoomError::NoSuchRoom)?
        }
        None => (store::LATEST.into(), RoomId::from_u128(0)),
    };
    let rows = store::rooms_of_after(owner, with_closed, place, page.fetched());
    match db.read_all(rows).await {
        Err(damage) if is_damage(&damage) => {
            let ids = store::ids_of_after(owner, with_closed, place, page.fetched());
            let Page { items, has_more } = Page::of(db.read_all(ids).await?, page.limit);
            let mut rooms = Vec::new();
            for id in items {
                rooms.extend(readable("rooms", id, db.read_one(store::room(id)).await)?);
            }
            Ok(Page { items: rooms.into_iter().map(Room::from).collect(), has_more })
        }
        rows => Ok(Page::of(rows?.into_iter().map(Room::from).collect(), page.limit)),
    }
}

/// The room with this id, if `account` may carry out the action on it.
///
/// # Errors
/// When there is no such room, or the account may not.
pub async fn find_for(
    db: &Db,
    account: &Account,
    id: RoomId,
    action: RoomAction,
) -> Result<Room, RoomError> {
    let room = find(db, id).await?;
    room.authorize(account, action)?;
    Ok(room)
}

/// Changes the name and description of a room; `None` removes the description.
///
/// # Errors
/// When there is no such room, or the account may not update it.
pub async fn describe(
    db: &Db,
    account: &Account,
    id: RoomId,
    name: &RoomName,
    description: Option<&Description>,
) -> Result<Room, RoomError> {
    find_for(db, account, id, RoomAction::Update).await?;
    let described = store::describe(id, name, description.map(|it| &**it));
    db.write_one(described).await?.map(Room::from).ok_or(RoomError::NoSuchRoom)
}

/// Closes a room, as `action` [`Close`](RoomAction::Close) or [`Delete`](RoomAction::Delete). Both keep
/// it, inactive.
///
/// # Errors
/// When there is no such room, or the account may not.
pub async fn close(
    db: &Db,
    account: &Account,
    id: RoomId,
    action: RoomAction,
) -> Result<Room, RoomError> {
    find_for(db, account, id, action).await?;
    db.write_one(store::close(id)).await?.map(Room::from).ok_or(RoomError::NoSuchRoom)
}

/// Opens a closed room again.
///
/// # Errors
/// When there is no such room, the account may not restore it, or it is open.
pub async fn restore(db: &Db, account: &Account, id: RoomId) -> Result<Room, RoomError> {
    find_for(db, account, id, RoomAction::Restore).await?;
    db.write_one(store::restore(id)).await?.map(Room::from).ok_or(RoomError::AlreadyActive)
}

/// The number of visitors that a room has had, and the latest of their heartbeats.
///
/// # Errors
/// When the database fails.
pub async fn visits(db: &Db, id: RoomId) -> Result<(i64, Option<DateTime<Utc>>), RoomError> {
    let visits = db.read_one(store::visit_statistics(id)).await?;
    let (count, last_seen) = visits.unwrap_or_default();
    Ok((count, last_seen.map(At::utc)))
}

/// These rooms with the names of their clients, for those who may see them: one query, and none when no room has
/// a client.
///
/// # Errors
/// When the database fails.
pub async fn with_clients(db: &Db, rooms: Vec<Room>) -> Result<Vec<OwnedRoom>, RoomError> {
    let ids: Vec<ClientId> = rooms.iter().filter_map(|room| room.client_id).collect();
    let mut names = HashMap::new();
    if !ids.is_empty() {
        let clients = db.read_all(store::clients(ids)).await?;
        names.extend(clients.into_iter().map(|(id, _, name)| (id, name)));
    }
    let owned = |room: Room| {
        let name = room.client_id.and_then(|id| names.get(&id).cloned());
        OwnedRoom { client_name: name.flatten(), room }
    };
    Ok(rooms.into_iter().map(owned).collect())
}

/// The same for one room.
///
/// # Errors
/// As [`with_clients`].
pub async fn with_client(db: &Db, room: Room) -> Result<OwnedRoom, RoomError> {
    let client_name = match room.client_id {
        Some(id) => db.read_one(store::clients(vec![id])).await?.and_then(|(_, _, name)| name),
        None => None,
    };
    Ok(OwnedRoom { room, client_name })
}

/// The rooms of these clients, newest first; with closed ones.
///
/// # Errors
/// When the database fails.
pub async fn of_clients(db: &Db, clients: Vec<ClientId>) -> Result<Vec<Room>, RoomError> {
    let rows = db.read_all(store::rooms_of_clients(clients)).await?;
    Ok(rows.into_iter().map(Room::from).collect())
}
