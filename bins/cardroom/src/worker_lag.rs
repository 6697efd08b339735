//! How late the threads that serve requests are.

use std::time::Duration;

use actix_web::rt::spawn;
use metrics::histogram;
use tokio::time::{Instant, sleep};

/// Time between two looks. A thread that works on one thing for longer is late for the next look.
const INTERVAL: Duration = Duration::from_millis(250);

/// Measures, for as long as the thread lives, how much later than asked the executor of this thread
/// runs a task: that long every request on it waits. It costs four timers a second.
pub(crate) fn start() {
    let lag = histogram!("cardroom_worker_lag_seconds");
    spawn(async move {
        loop {
            let due = Instant::now() + INTERVAL;
            sleep(INTERVAL).await;
            lag.record(due.elapsed());
        }
    });
}
