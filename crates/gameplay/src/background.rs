//! Work that takes longer than a millisecond, off the HTTP workers.

use std::panic::resume_unwind;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::GameplayError;

/// Tasks at a time: what large documents take of memory and processor is bounded by it.
const CONCURRENCY: usize = 2;

static PERMITS: Semaphore = Semaphore::const_new(CONCURRENCY);

/// Runs a task on a blocking thread, when its turn comes. A task whose caller goes away ends, too,
/// before another takes its place.
///
/// # Errors
/// Those of the task, and when the runtime shuts down.
pub(crate) async fn run<T: Send + 'static>(
    task: impl Future<Output = Result<T, GameplayError>> + Send + 'static,
) -> Result<T, GameplayError> {
    let permit = PERMITS.acquire().await.map_err(|_| GameplayError::ShuttingDown)?;
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
