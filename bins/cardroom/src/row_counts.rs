//! Periodic counts of sessions, rooms and visitors for `/metrics`.
//!
//! A count reads a whole table, so it is not done for each scrape.

use std::time::Duration;

use database::{DatabaseError, Db};
use metrics::gauge;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};
use tracing::warn;

/// Delay of the first count after the start.
const START_DELAY: Duration = Duration::from_secs(1);

/// Counting takes at most one part in this many of the time, however large the tables are.
const SHARE: u32 = 100;

/// The counting task, aborted when it is dropped.
pub(crate) struct RowCounts(Option<AbortHandle>);

impl RowCounts {
    /// Counts soon, and again after each `every`; never when it is zero.
    pub(crate) fn start(db: Db, every: Duration) -> Self {
        let task = (!every.is_zero()).then(|| tokio::spawn(count_repeatedly(db, every)));
        Self(task.map(|it| it.abort_handle()))
    }
}

impl Drop for RowCounts {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

async fn count_repeatedly(db: Db, every: Duration) {
    sleep(START_DELAY.min(every)).await;
    loop {
        let start = Instant::now();
        if let Err(error) = count(&db).await {
            warn!(error = %error, "sessions, rooms and visitors will be counted later: {error}");
        }
        sleep(every.max(start.elapsed() * SHARE)).await;
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^52 of anything")]
async fn count(db: &Db) -> Result<(), DatabaseError> {
    gauge!("cardroom_sessions").set(auth::sessions::count(db).await? as f64);
    gauge!("cardroom_open_rooms").set(rooms::counts::open_rooms(db).await? as f64);
    gauge!("cardroom_present_visitors").set(rooms::counts::present_visitors(db).await? as f64);
    Ok(())
}
