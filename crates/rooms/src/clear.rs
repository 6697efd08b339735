//! Deletion of all rows of a table, for administrators.
//!
//! A page is one transaction, so that saves, joins and heartbeats never wait for more than a page. The caches of
//! this process follow: a lane that saved a deleted state finds at its next save that the version it knows is
//! gone, and begins a new state, as after a deletion by another instance.

use database::{DatabaseError, Db};
use ids::{GameplayStateId, RoomId, VisitorId};

use crate::directory::Directory;
use crate::ended_rooms::EndedRooms;
use crate::room::EndReason;
use crate::store;

/// Visitors of one page.
const VISITORS_PAGE: i64 = 1_000;

/// States of one page, which go with their history.
const STATES_PAGE: i64 = 100;

/// Rooms of one page. Each goes with all its visitors, states and their history.
const ROOMS_PAGE: i64 = 20;

/// What is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Rooms, with their visitors, states, deleted states and history.
    Rooms,
    /// Visitors.
    Visitors,
    /// States of games, with their history. They cannot be restored.
    States,
    /// Deleted states, with their history. They can no longer be restored.
    DeletedStates,
}

/// How far a deletion has come.
#[derive(Debug, Default)]
pub struct Cleared {
    rows: usize,
    last: u128,
}

impl Cleared {
    /// The rows that were deleted.
    pub fn rows(&self) -> usize {
        self.rows
    }

    fn add(&mut self, ids: impl ExactSizeIterator<Item = u128>) {
        self.rows += ids.len();
        self.last = ids.last().unwrap_or(self.last);
    }
}

/// Deletes the next page by primary key; returns whether there may be more. Channels of deleted rooms end.
///
/// # Errors
/// When the database fails.
pub async fn page(
    db: &Db,
    directory: &Directory,
    ended_rooms: &EndedRooms,
    rows: Rows,
    cleared: &mut Cleared,
) -> Result<bool, DatabaseError> {
    let before = cleared.rows;
    match rows {
        Rows::Rooms => {
            let ids = delete_rooms(db, RoomId::from_u128(cleared.last)).await?;
            for id in &ids {
                directory.forget(*id);
                ended_rooms.begin(*id).publish(EndReason::Deleted);
            }
            cleared.add(ids.iter().map(|id| id.as_uuid().as_u128()));
        }
        Rows::Visitors => {
            let page =
                store::lock_visitors_after(VisitorId::from_u128(cleared.last), VISITORS_PAGE);
            let ids = db.write_and(page, |ids| Some(store::delete_locked(ids.to_vec()))).await?;
            cleared.add(ids.iter().map(|id| id.as_uuid().as_u128()));
        }
        Rows::States => {
            let page =
                store::lock_states_after(GameplayStateId::from_u128(cleared.last), STATES_PAGE);
            let delete = |ids: &[GameplayStateId]| {
                let (states, segments) = (ids.to_vec(), ids.to_vec());
                (Some(store::delete_states(states)), Some(store::delete_segments(segments)))
            };
            let ids = db.write_and(page, delete).await?;
            cleared.add(ids.iter().map(|id| id.as_uuid().as_u128()));
        }
        Rows::DeletedStates => {
            let after = GameplayStateId::from_u128(cleared.last);
            let page = store::lock_deleted_states_after(after, STATES_PAGE);
            // A trigger deletes their history.
            let delete = |ids: &[GameplayStateId]| Some(store::delete_deleted_states(ids.to_vec()));
            let ids = db.write_and(page, delete).await?;
            cleared.add(ids.iter().map(|id| id.as_uuid().as_u128()));
        }
    }
    Ok(cleared.rows > before)
}

/// Deletes the rooms of a page once the rows of their states, of their notes and their own are locked. Returns
/// their ids.
async fn delete_rooms(db: &Db, after: RoomId) -> Result<Vec<RoomId>, DatabaseError> {
    let ids = db.read_all(store::room_ids_after(after, ROOMS_PAGE)).await?;
    if !ids.is_empty() {
        let states = store::lock_states(ids.clone());
        let notes = store::lock_notes(ids.clone());
        let rooms = store::lock_rooms_by_id(ids.clone());
        let delete = store::delete_rooms(ids.clone());
        db.write_and(states, |_| (Some(notes), (Some(rooms), Some(delete)))).await?;
    }
    Ok(ids)
}
