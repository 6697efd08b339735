//! A server from its start to the end of its writes.

use std::io;
use std::pin::Pin;

use actix_web::dev::{Server, ServerHandle};
use database::Db;
use database::group_commit::Drain;
use realtime::{Maintenance, Realtime};
use tokio::time::{sleep, timeout};
use tracing::warn;

use crate::housekeeping::Housekeeping;
use crate::lifecycle::Lifecycle;
use crate::row_counts::RowCounts;
use crate::shutdown::Schedule;

/// A server that runs while [`Running::finish`] is awaited.
pub struct Running {
    pub(crate) server: Server,
    pub(crate) drain: Drain,
    pub(crate) db: Db,
    pub(crate) housekeeping: Housekeeping,
    pub(crate) row_counts: RowCounts,
    pub(crate) maintenance: Maintenance,
    pub(crate) realtime: Realtime,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) schedule: Schedule,
}

impl Running {
    /// Stops the server without notice.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Starts the shutdown, as a signal does.
    pub fn lifecycle(&self) -> Lifecycle {
        self.lifecycle.clone()
    }

    /// Serves until the shutdown begins, and then until all accepted writes are committed or the time limit
    /// of the shutdown is over.
    ///
    /// # Errors
    /// When the server fails, or the write-ahead log of an SQLite database cannot be written back.
    pub async fn finish(self) -> io::Result<()> {
        let Self {
            server,
            drain,
            db,
            housekeeping,
            row_counts,
            maintenance,
            realtime,
            lifecycle,
            schedule,
        } = self;
        finish_requests(server, (&realtime, &db), &lifecycle, schedule).await?;
        drop((housekeeping, row_counts, maintenance));
        let closing = async {
            drain.finish().await;
            db.close().await
        };
        let Ok(closed) = timeout(schedule.writes, closing).await else {
            warn!("some writes were still under way when the time to stop was over");
            return Ok(());
        };
        closed.map_err(|error| {
            io::Error::other(format!("keep the log beside the database file: {error}"))
        })
    }
}

/// Serves until the shutdown begins, gives notice, and stops the server within the schedule. Dropping the
/// server ends the remaining requests.
async fn finish_requests(
    mut server: Server,
    (realtime, db): (&Realtime, &Db),
    lifecycle: &Lifecycle,
    schedule: Schedule,
) -> io::Result<()> {
    tokio::select! {
        outcome = Pin::new(&mut server) => return outcome,
        () = give_notice(lifecycle, schedule, (realtime, db)) => {}
    }
    let stopping = server.handle().stop(true);
    let stopped = async { tokio::join!(stopping, Pin::new(&mut server)).1 };
    let outcome = timeout(schedule.requests, stopped).await;
    outcome.unwrap_or_else(|_| {
        warn!("requests that took too long were cut off, because the time to stop was over");
        Ok(())
    })
}

/// Waits for the shutdown, and closes every websocket with a reason; actix would drop them without one.
async fn give_notice(lifecycle: &Lifecycle, schedule: Schedule, (realtime, db): (&Realtime, &Db)) {
    lifecycle.draining().await;
    tokio::join!(sleep(schedule.notice), realtime.shut_down(db, schedule.sockets));
}
