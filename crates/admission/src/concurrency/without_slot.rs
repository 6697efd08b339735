//! Waiting in another queue without holding a slot.

use std::cell::Cell;
use std::time::Instant;

use super::limit::{ConcurrencyLimit, Slot};
use super::priority::Priority;

tokio::task_local! {
    /// The slot of the current request.
    static SLOT: Cell<Option<Slot>>;
}

/// Runs the work of a request that has a slot.
pub(crate) async fn with<T>(slot: Slot, work: impl Future<Output = T>) -> T {
    SLOT.scope(Cell::new(Some(slot)), work).await
}

/// Waits for something that has a queue of its own. Meanwhile the request holds no slot, so that its
/// waiting blocks no other; afterwards it has a slot again at once, because its work is nearly done.
pub async fn wait_without_slot<T>(wait: impl Future<Output = T>) -> T {
    let left = SLOT.try_with(Cell::take).ok().flatten().map(Left::from);
    let outcome = wait.await;
    if let Some(left) = left {
        SLOT.with(|slot| slot.set(Some(left.back())));
    }
    outcome
}

/// What is needed to take a slot again.
struct Left {
    limit: ConcurrencyLimit,
    priority: Priority,
}

impl From<Slot> for Left {
    fn from(slot: Slot) -> Self {
        Self { limit: slot.limit.clone(), priority: slot.priority }
    }
}

impl Left {
    fn back(self) -> Slot {
        let Self { limit, priority } = self;
        limit.slots().take_anyway(priority);
        Slot { limit, priority, since: Instant::now() }
    }
}
