//! What a request waited for, and how long.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

tokio::task_local! {
    static WAITS: Rc<Waits>;
}

/// Something that has a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A slot to be worked on.
    Slot,
    /// A connection to the database.
    Connection,
    /// A read that leaves with others, with the read itself.
    Lookup,
    /// A hash, with the hashing itself.
    Hash,
    /// A group commit, with the commit itself.
    Commit,
}

/// What a request waited for, and how long in all.
#[derive(Debug, Default)]
pub struct Waits([Cell<Duration>; 5]);

impl Waits {
    /// How long was waited for this, if at all.
    pub fn of(&self, wait: Wait) -> Option<Duration> {
        Some(self.0[wait as usize].get()).filter(|time| !time.is_zero())
    }
}

/// Does the work of a request, whose waits add to `waits`.
pub async fn watched<T>(waits: Rc<Waits>, work: impl Future<Output = T>) -> T {
    WAITS.scope(waits, work).await
}

/// Waits for something, on behalf of the request that is worked on, if it is one.
pub async fn waiting<T>(wait: Wait, what: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let outcome = what.await;
    // Work that is nobody's request has nobody to tell.
    let _ = WAITS.try_with(|waits| {
        let time = &waits.0[wait as usize];
        time.set(time.get() + start.elapsed());
    });
    outcome
}

#[cfg(test)]
mod tests {
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn waits_of_a_kind_add_up_and_those_of_others_do_not_count() {
        let (one, other) = (Rc::new(Waits::default()), Rc::new(Waits::default()));
        let pause = async || {
            yield_now().await;
            std::thread::sleep(Duration::from_millis(2));
        };
        let work = async {
            waiting(Wait::Hash, pause()).await;
            waiting(Wait::Hash, pause()).await;
            waiting(Wait::Commit, pause()).await;
        };
        tokio::join!(watched(one.clone(), work), watched(other.clone(), pause()));
        waiting(Wait::Slot, pause()).await;
        assert!(one.of(Wait::Hash) >= Some(Duration::from_millis(4)));
        assert!(one.of(Wait::Commit) >= Some(Duration::from_millis(2)));
        assert_eq!((one.of(Wait::Slot), one.of(Wait::Connection)), (None, None));
        assert_eq!(other.of(Wait::Hash), None);
    }
}
