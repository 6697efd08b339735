//! Work that takes longer than a millisecond, off the HTTP workers.

use std::panic::resume_unwind;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::error::GameplayError;

/// Concurrent tasks, which bounds the memory and CPU time of large documents.
const CONCURRENCY: usize = 2;

/// Longest time that a task waits for a permit: a client that waits longer sends its request again.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(5);

static PERMITS: Semaphore = Semaphore::const_new(CONCURRENCY);

/// Runs a task on a blocking thread, once it has a permit. When the caller is cancelled, the task still
/// runs to its end and keeps its permit until then.
///
/// # Errors
/// Those of the task; [`GameplayError::Busy`] when no permit is free within [`WAIT_MAX`]; and when the
/// runtime shuts down.
pub(crate) async fn run<T: Send + 'static>(
    task: impl Future<Output = Result<T, GameplayError>> + Send + 'static,
) -> Result<T, GameplayError> {
    let permit = timeout(WAIT_MAX, PERMITS.acquire()).await.map_err(|_| GameplayError::Busy)?;
    let permit = permit.map_err(|_| GameplayError::ShuttingDown)?;
    let runtime = Handle::current();
    let done = spawn_blocking(move || {
        let _permit = permit;
        runtime.block_on(task)
    });
    match done.await {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => Err(GameplayError::ShuttingDown),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_gets_no_thread_in_time_is_refused() {
        let _all = PERMITS.acquire_many(u32::try_from(CONCURRENCY).unwrap()).await.unwrap();
        let refused = timeout(WAIT_MAX * 2, run(async { Ok(()) })).await.unwrap();
        assert!(matches!(refused, Err(GameplayError::Busy)), "{refused:?}");
    }
}
