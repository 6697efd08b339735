//! Turns of those who compute expensive changes.
//!
//! Of two changes of one room that are computed at once, one is in vain; and a person who sends many must
//! not have all threads.

use std::hash::{DefaultHasher, Hash, Hasher};

use ids::{AuthorId, RoomId};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

use crate::background::WAIT_MAX;
use crate::error::GameplayError;

/// A turn, until it is dropped.
pub(crate) struct Turn {
    _author: MutexGuard<'static, ()>,
    _room: MutexGuard<'static, ()>,
}

/// Locks among which authors, and among which rooms are divided; two seldom share one.
const LOCKS: usize = 1024;

// Always in this order, so that there is no deadlock.
static AUTHORS: [Mutex<()>; LOCKS] = [const { Mutex::const_new(()) }; LOCKS];
static ROOMS: [Mutex<()>; LOCKS] = [const { Mutex::const_new(()) }; LOCKS];

/// Waits for a turn, in the order of arrival.
///
/// # Errors
/// [`GameplayError::Busy`] when it takes longer than [`WAIT_MAX`].
pub(crate) async fn turn(author: AuthorId, room: RoomId) -> Result<Turn, GameplayError> {
    let both = async {
        let author = lock_of(&AUTHORS, author).lock().await;
        Turn { _author: author, _room: lock_of(&ROOMS, room).lock().await }
    };
    timeout(WAIT_MAX, both).await.map_err(|_| GameplayError::Busy)
}

fn lock_of(locks: &'static [Mutex<()>; LOCKS], key: impl Hash) -> &'static Mutex<()> {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    &locks[usize::try_from(hasher.finish() % LOCKS as u64).unwrap_or_default()]
}
