//! The lane where passwords are hashed: few threads, a short queue.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a hash costs at most at the costs in use (bcrypt 12 on one core), to tell callers how
/// long the queue is in time.
const HASH_COST_AT_MOST: Duration = Duration::from_millis(250);

/// A lane with a fixed number of hashes at work and a bounded number waiting. Cloning shares it.
#[derive(Clone)]
pub struct HashingLane {
    places: Arc<Semaphore>,
    at_work: Arc<Semaphore>,
    runtime: Handle,
    abreast: usize,
    full: Duration,
}

/// Why a hash was not computed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HashingRefused {
    /// As many callers wait already as the queue holds.
    #[error("the hashing queue is full")]
    Full {
        /// When a place should be free, from now.
        retry_after: Duration,
    },
    /// The work itself panicked.
    #[error("hashing was broken off")]
    Broken,
}

impl HashingLane {
    /// A lane whose work runs on the blocking threads of `runtime`.
    pub fn new(settings: &settings::Hashing, runtime: &Handle) -> Self {
        let waiting = u32::try_from(settings.queue).unwrap_or(u32::MAX);
        let abreast = u32::try_from(settings.threads).unwrap_or(u32::MAX).max(1);
        Self {
            places: Arc::new(Semaphore::new(settings.threads + settings.queue)),
            at_work: Arc::new(Semaphore::new(settings.threads)),
            runtime: runtime.clone(),
            abreast: settings.threads,
            full: HASH_COST_AT_MOST.saturating_mul(waiting) / abreast,
        }
    }

    /// Does the work when its turn comes.
    ///
    /// A caller that goes away while waiting leaves the queue; work that has begun is finished.
    ///
    /// # Errors
    /// At once and before any work, when the queue is full.
    pub async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, HashingRefused> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let _place = place.map_err(|_| HashingRefused::Full { retry_after: self.full })?;
        self.run_patiently(work).await
    }

    /// Does the work when its turn comes, however long the queue is.
    ///
    /// For the few callers that bring their own bound, such as an administrator's batch.
    ///
    /// # Errors
    /// When the work panics.
    pub async fn run_patiently<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, HashingRefused> {
        let turn = Arc::clone(&self.at_work).acquire_owned().await;
        let turn = turn.map_err(|_| HashingRefused::Broken)?;
        let task = self.runtime.spawn_blocking(move || during(turn, work));
        task.await.map_err(|_| HashingRefused::Broken)
    }

    /// How many pieces of work run at the same time.
    pub fn abreast(&self) -> usize {
        self.abreast
    }
}

/// Holds the turn for as long as the work takes, even when the caller is gone.
fn during<R>(turn: OwnedSemaphorePermit, work: impl FnOnce() -> R) -> R {
    let result = work();
    drop(turn);
    result
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn lane(threads: usize, queue: usize) -> HashingLane {
        HashingLane::new(&settings::Hashing { threads, queue }, &Handle::current())
    }

    #[tokio::test]
    async fn a_full_lane_refuses_and_says_when_to_come_again() {
        let lane = lane(1, 1);
        let (finish, wait) = mpsc::channel::<()>();
        let busy = tokio::spawn({
            let lane = lane.clone();
            async move { lane.run(move || wait.recv()).await }
        });
        let waiting = tokio::spawn({
            let lane = lane.clone();
            async move { lane.run(|| 2).await }
        });
        while lane.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }

        let refused = lane.run(|| 3).await;

        let retry_after = Duration::from_millis(250);
        assert_eq!(refused, Err(HashingRefused::Full { retry_after }));
        finish.send(()).unwrap();
        assert!(busy.await.unwrap().is_ok());
        assert_eq!(waiting.await.unwrap(), Ok(2));
        assert_eq!(lane.run(|| 4).await, Ok(4));
    }

    #[tokio::test]
    async fn a_panic_breaks_only_its_own_work() {
        let lane = lane(1, 0);
        assert_eq!(lane.run(|| panic!("on purpose")).await, Err::<(), _>(HashingRefused::Broken));
        assert_eq!(lane.run(|| 1).await, Ok(1));
    }
}
