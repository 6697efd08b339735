//! Whose room it is, which never changes.

use std::sync::Arc;

use auth::Account;
use ids::{AccountId, RoomId};
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;
use store::Db;

use crate::error::RoomError;
use crate::manage;

/// Rooms whose owner is remembered at most.
const ROOMS_MAX: u64 = 50_000;

/// Rooms that room is made for at the start.
const ROOMS_FIRST: usize = 64;

/// The owners of rooms. A room keeps its owner for good, so what is remembered stays true. Cloning
/// shares it.
#[derive(Clone)]
pub struct Owners {
    db: Db,
    known: Arc<Cache<RoomId, AccountId, UnitWeighter>>,
}

impl Owners {
    /// The owners of the rooms in this database.
    pub fn of(db: Db) -> Self {
        let known = Cache::with_weighter(ROOMS_FIRST, ROOMS_MAX, UnitWeighter);
        Self { db, known: Arc::new(known) }
    }

    /// Whether `account` owns the room.
    ///
    /// # Errors
    /// When there is no such room.
    pub async fn is_owner(&self, account: &Account, room: RoomId) -> Result<bool, RoomError> {
        if let Some(owner) = self.known.get(&room) {
            return Ok(owner == account.id);
        }
        let owner = manage::find(&self.db, room).await?.counselor_id;
        self.known.insert(room, owner);
        Ok(owner == account.id)
    }
}
