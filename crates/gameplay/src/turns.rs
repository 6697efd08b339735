//! Turns of those who compute expensive changes for one room.

use std::hash::{DefaultHasher, Hash, Hasher};

use ids::RoomId;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

use crate::background::WAIT_MAX;
use crate::error::GameplayError;

/// Locks among which rooms are divided; two rooms seldom share one.
const LOCKS: usize = 1024;

static TURNS: [Mutex<()>; LOCKS] = [const { Mutex::const_new(()) }; LOCKS];

/// Waits for a turn, in the order of arrival.
///
/// # Errors
/// [`GameplayError::Busy`] when it takes longer than [`WAIT_MAX`].
pub(crate) async fn turn(room: RoomId) -> Result<MutexGuard<'static, ()>, GameplayError> {
    let mut hasher = DefaultHasher::new();
    room.hash(&mut hasher);
    let lock = usize::try_from(hasher.finish() % LOCKS as u64).unwrap_or_default();
    timeout(WAIT_MAX, TURNS[lock].lock()).await.map_err(|_| GameplayError::Busy)
}
