//! Work that takes longer than a millisecond, off the HTTP workers.
//!
//! It runs on threads of a low priority: an answer that takes a tenth of a millisecond must not wait for a
//! document that takes thirty.

use std::io;
use std::panic::resume_unwind;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::error::GameplayError;

/// Concurrent tasks, which bounds the memory and CPU time of large documents.
const CONCURRENCY: usize = 2;

/// Longest time that a task waits for a permit: a client that waits longer sends its request again.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(5);

/// The niceness of the threads. They get an otherwise idle core whole, and a tenth of a busy one.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

static PERMITS: Semaphore = Semaphore::const_new(CONCURRENCY);

/// A thread for each permit. It lives as long as the process: nothing in it has to be finished.
static RUNTIME: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    let mut threads = Builder::new_multi_thread();
    threads.worker_threads(CONCURRENCY).thread_name("background").on_thread_start(lower_priority);
    threads.enable_time().build()
});

/// On Linux niceness is set per thread, on other systems per process.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!("the priority of the background threads cannot be lowered: {error}");
    }
}

/// Runs a task on a background thread, once it has a permit. When the caller is cancelled, the task still
/// runs to its end and keeps its permit until then.
///
/// # Errors
/// Those of the task; [`GameplayError::Busy`] when no permit is free within [`WAIT_MAX`], or the system
/// has no thread.
pub(crate) async fn run<T: Send + 'static>(
    task: impl Future<Output = Result<T, GameplayError>> + Send + 'static,
) -> Result<T, GameplayError> {
    run_with_permit(&PERMITS, WAIT_MAX, task).await
}

async fn run_with_permit<T: Send + 'static>(
    permits: &'static Semaphore,
    wait_max: Duration,
    task: impl Future<Output = Result<T, GameplayError>> + Send + 'static,
) -> Result<T, GameplayError> {
    let permit = timeout(wait_max, permits.acquire()).await.map_err(|_| GameplayError::Busy)?;
    let permit = permit.map_err(|_| GameplayError::ShuttingDown)?;
    let runtime = RUNTIME.as_ref().map_err(|error| {
        tracing::error!("there are no background threads: {error}");
        GameplayError::Busy
    })?;
    let done = runtime.spawn(async move {
        let _permit = permit;
        task.await
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
    async fn a_task_that_gets_no_permit_in_time_is_refused() {
        static NONE: Semaphore = Semaphore::const_new(0);
        let refused = run_with_permit(&NONE, Duration::from_millis(10), async { Ok(()) }).await;
        assert!(matches!(refused, Err(GameplayError::Busy)), "{refused:?}");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_threads_have_a_low_priority() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let own = run(async move { Ok(priority()) }).await.unwrap();
        assert!(own > priority(), "{own}");
    }
}
