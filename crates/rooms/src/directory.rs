//! What requests ask most of rooms: whether one is open, whose it is, where a code leads, and whether a
//! visitor is there.

use std::sync::Arc;

use auth::Account;
use database::{Db, Lookups};
use ids::{AccountId, RoomId, VisitorId};
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;
use tokio::runtime::Handle;
use values::time;

use crate::error::RoomError;
use crate::room::Room;
use crate::share_code::ShareCode;
use crate::store::{self as table, RoomRow, VisitorRow};

/// Rooms whose owner is remembered at most.
const OWNERS_MAX: u64 = 50_000;

/// Rooms that room is made for at the start.
const OWNERS_FIRST: usize = 64;

/// Rooms and visitors, looked for together with those that others ask for at the same moment. Cloning
/// shares it.
#[derive(Clone)]
pub struct Directory {
    by_id: Lookups<RoomId, RoomRow>,
    by_code: Lookups<String, RoomRow>,
    by_visitor: Lookups<VisitorId, (VisitorRow, RoomRow)>,
    owners: Lookups<RoomId, AccountId>,
    /// A room keeps its owner for good, so what is remembered stays true.
    known_owners: Arc<Cache<RoomId, AccountId, UnitWeighter>>,
}

impl Directory {
    /// The rooms and visitors of this database, read on `runtime`.
    pub fn of(db: &Db, runtime: &Handle) -> Self {
        let (by_code, by_codes) = (table::room_by_code, table::rooms_by_codes);
        let known = Cache::with_weighter(OWNERS_FIRST, OWNERS_MAX, UnitWeighter);
        Self {
            by_id: Lookups::start("room_by_id", db, runtime, table::room, table::rooms_by_ids),
            by_code: Lookups::start("room", db, runtime, by_code, by_codes),
            by_visitor: Lookups::start("visitor", db, runtime, table::visit, table::visits),
            owners: Lookups::start("owner", db, runtime, table::owner, table::owners),
            known_owners: Arc::new(known),
        }
    }

    /// The room with this share code.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find_by_code(&self, code: ShareCode) -> Result<Room, RoomError> {
        let row = self.by_code.find(code.into()).await?;
        row.map(Room::from).ok_or(RoomError::NoSuchRoom)
    }

    /// Makes sure that a room is open.
    ///
    /// # Errors
    /// When there is no such room, or it is closed or over.
    pub async fn expect_open(&self, room: RoomId) -> Result<(), RoomError> {
        let row = self.by_id.find(room).await?.ok_or(RoomError::NoSuchRoom)?;
        Ok(Room::from(row).admits(time::now())?)
    }

    /// Whether `account` owns the room.
    ///
    /// # Errors
    /// When there is no such room.
    pub async fn is_owner(&self, account: &Account, room: RoomId) -> Result<bool, RoomError> {
        if let Some(owner) = self.known_owners.get(&room) {
            return Ok(owner == account.id);
        }
        let owner = self.owners.find(room).await?.ok_or(RoomError::NoSuchRoom)?;
        self.known_owners.insert(room, owner);
        Ok(owner == account.id)
    }

    /// Makes sure that a visitor is in `room`, and the room open.
    ///
    /// # Errors
    /// When the visitor is not there, or the room is closed or over.
    pub async fn expect_in(&self, visitor: VisitorId, room: RoomId) -> Result<(), RoomError> {
        let row = self.by_visitor.find(visitor).await?;
        let (visitor, its_room) = row.ok_or(RoomError::NoSuchVisitor)?;
        if its_room.id != room || !visitor.is_active {
            return Err(RoomError::NotInRoom);
        }
        Ok(Room::from(its_room).admits(time::now())?)
    }
}
