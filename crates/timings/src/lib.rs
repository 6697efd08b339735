//! The time that one request spends waiting, by the kind of queue.
//!
//! The HTTP layer runs a request inside [`collect`]; wherever the request waits, [`timed`] adds the time.
//! The log line of the request shows the sums. Outside of a request [`timed`] measures nothing.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

tokio::task_local! {
    static WAITS: Rc<Waits>;
}

/// A kind of queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// For a slot of the concurrency limit.
    Slot,
    /// For a database connection.
    Connection,
    /// For a batched read, the read itself included.
    Lookup,
    /// For a password hash, the hashing itself included.
    Hash,
    /// For a group commit, the commit itself included.
    Commit,
}

/// The time that one request has waited, by the kind of queue.
#[derive(Debug, Default)]
pub struct Waits([Cell<Duration>; 5]);

impl Waits {
    /// The time waited in this queue; `None` when the request did not wait there.
    pub fn of(&self, wait: Wait) -> Option<Duration> {
        Some(self.0[wait as usize].get()).filter(|time| !time.is_zero())
    }
}

/// Runs the work of a request and collects its waiting times in `waits`.
pub async fn collect<T>(waits: Rc<Waits>, work: impl Future<Output = T>) -> T {
    WAITS.scope(waits, work).await
}

/// Runs `future` and adds its duration to the waiting times of the current request, if there is one.
pub async fn timed<T>(wait: Wait, future: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let outcome = future.await;
    // Background work belongs to no request.
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
            timed(Wait::Hash, pause()).await;
            timed(Wait::Hash, pause()).await;
            timed(Wait::Commit, pause()).await;
        };
        tokio::join!(collect(one.clone(), work), collect(other.clone(), pause()));
        timed(Wait::Slot, pause()).await;
        assert!(one.of(Wait::Hash) >= Some(Duration::from_millis(4)));
        assert!(one.of(Wait::Commit) >= Some(Duration::from_millis(2)));
        assert_eq!((one.of(Wait::Slot), one.of(Wait::Connection)), (None, None));
        assert_eq!(other.of(Wait::Hash), None);
    }
}
