//! Lines on their way to standard error.
//!
//! A thread of its own writes them, so that no request waits for whoever reads them. What waits to be
//! written is bounded; a line that finds no place is dropped and counted, because a log that nobody
//! reads must not stop the service.

use std::io::{BufWriter, stderr};
use std::sync::OnceLock;

use metrics::counter;
use parking_lot::Mutex;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// Lines that wait to be written at most: a few megabytes, and a second of a busy server.
const WAITING_MAX: usize = 16_384;

/// What the writing thread gathers before it writes, in bytes. With nothing left to gather it writes
/// at once.
const GATHERED_BYTES: usize = 64 * 1024;

static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// The writing thread, as long as it is wanted.
static WRITER: Mutex<Option<WorkerGuard>> = Mutex::new(None);

/// Starts the writing thread, which [`finish`] ends.
pub(crate) fn start() -> NonBlocking {
    let (lines, writer) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_MAX)
        .lossy(true)
        .thread_name("log")
        .finish(BufWriter::with_capacity(GATHERED_BYTES, stderr()));
    DROPPED.get_or_init(|| lines.error_counter());
    *WRITER.lock() = Some(writer);
    lines
}

/// Writes the lines that wait, for a second at most.
pub(crate) fn finish() {
    drop(WRITER.lock().take());
}

/// Puts the number of dropped lines among the metrics.
pub(crate) fn measure() {
    let dropped = DROPPED.get().map_or(0, ErrorCounter::dropped_lines);
    counter!("cardroom_log_lines_dropped_total").absolute(dropped as u64);
}
