//! The most frequent lookups: the room of a share code, whether a room is open, its owner, and whether
//! a visitor is in it.

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
use crate::store::{self, RoomRow, VisitorRow};

/// Owners that are cached at most.
const OWNERS_MAX: u64 = 50_000;

/// Initial capacity of the cache of owners.
const OWNERS_INITIAL: usize = 64;

/// Lookups of rooms and visitors; those of concurrent requests share statements. Clones share the
/// cache.
#[derive(Clone)]
pub struct Directory {
    by_id: Lookups<RoomId, RoomRow>,
    by_code: Lookups<String, RoomRow>,
    by_visitor: Lookups<VisitorId, (VisitorRow, RoomRow)>,
    owners: Lookups<RoomId, AccountId>,
    /// A room never changes its owner, so an entry is stale only when its room was deleted.
    cached_owners: Arc<Cache<RoomId, AccountId, UnitWeighter>>,
}

impl Directory {
    /// The lookups in this database, run on `runtime`.
    pub fn of(db: &Db, runtime: &Handle) -> Self {
        let (by_code, by_codes) = (store::room_by_code, store::rooms_by_codes);
        let cache = Cache::with_weighter(OWNERS_INITIAL, OWNERS_MAX, UnitWeighter);
        Self {
            by_id: Lookups::start("room_by_id", db, runtime, store::room, store::rooms_by_ids),
            by_code: Lookups::start("room", db, runtime, by_code, by_codes),
            by_visitor: Lookups::start("visitor", db, runtime, store::visit, store::visits),
            owners: Lookups::start("owner", db, runtime, store::owner, store::owners),
            cached_owners: Arc::new(cache),
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

    /// Checks that a room is open.
    ///
    /// # Errors
    /// When there is no such room, or it is closed or expired.
    pub async fn expect_open(&self, room: RoomId) -> Result<(), RoomError> {
        let row = self.by_id.find(room).await?.ok_or(RoomError::NoSuchRoom)?;
        Ok(Room::from(row).admits(time::now())?)
    }

    /// Whether `account` owns the room.
    ///
    /// # Errors
    /// When there is no such room.
    pub async fn is_owner(&self, account: &Account, room: RoomId) -> Result<bool, RoomError> {
        if let Some(owner) = self.cached_owners.get(&room) {
            return Ok(owner == account.id);
        }
        let owner = self.owners.find(room).await?.ok_or(RoomError::NoSuchRoom)?;
        self.cached_owners.insert(room, owner);
        Ok(owner == account.id)
    }

    /// Forgets a room that was deleted.
    pub fn forget(&self, room: RoomId) {
        self.cached_owners.remove(&room);
    }

    /// Checks that a visitor is in `room`, and that the room is open.
    ///
    /// # Errors
    /// When the visitor is not in it, or the room is closed or expired.
    pub async fn expect_in(&self, visitor: VisitorId, room: RoomId) -> Result<(), RoomError> {
        let row = self.by_visitor.find(visitor).await?;
        let (visitor, its_room) = row.ok_or(RoomError::NoSuchVisitor)?;
        if its_room.id != room || !visitor.is_active {
            return Err(RoomError::NotInRoom);
        }
        Ok(Room::from(its_room).admits(time::now())?)
    }
}
