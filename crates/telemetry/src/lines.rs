//! Writing log lines to standard error.
//!
//! A background thread writes them, so that no request waits for the reader of the log. The queue is
//! bounded; a line that finds it full is dropped and counted, because a log that is not read must not stop
//! the service.

use std::io::{BufWriter, stderr};
use std::sync::OnceLock;

use metrics::counter;
use parking_lot::Mutex;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// Length of the queue, in lines: a megabyte or two, and a quarter of a second of a busy server. Its slots are
/// allocated at the start, 40 bytes each.
const QUEUE_MAX: usize = 8_192;

/// Size of the write buffer, in bytes. It is flushed whenever the queue is empty.
const BUFFER_BYTES: usize = 64 * 1024;

static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// The writing thread; dropping the guard ends it.
static WRITER: Mutex<Option<WorkerGuard>> = Mutex::new(None);

/// Starts the writing thread, which [`finish`] ends.
pub(crate) fn start() -> NonBlocking {
    let (lines, writer) = NonBlockingBuilder::default()
        .buffered_lines_limit(QUEUE_MAX)
        .lossy(true)
        .thread_name("log")
        .finish(BufWriter::with_capacity(BUFFER_BYTES, stderr()));
    DROPPED.get_or_init(|| lines.error_counter());
    *WRITER.lock() = Some(writer);
    lines
}

/// Flushes the queue, within a second at most.
pub(crate) fn finish() {
    drop(WRITER.lock().take());
}

/// Updates the counter of dropped lines.
pub(crate) fn measure() {
    let dropped = DROPPED.get().map_or(0, ErrorCounter::dropped_lines);
    counter!("cardroom_log_lines_dropped_total").absolute(dropped as u64);
}
