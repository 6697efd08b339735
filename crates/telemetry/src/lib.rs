//! Structured logs, one line for each request, traces, and the registry of [`metrics`].

mod error;
mod json;
mod lines;
pub mod metrics;
mod outcome;
mod request;
mod subscriber;
#[cfg(feature = "otlp")]
mod traces;
#[cfg(not(feature = "otlp"))]
#[path = "no_traces.rs"]
mod traces;

pub use error::TelemetryError;
pub use request::{RequestSpan, request_logger, watch_waits};
pub use subscriber::start;

/// Flushes lines and traces, within a few seconds at most. It is the last call of a process that logs: later
/// lines are lost.
pub fn finish() {
    traces::finish();
    lines::finish();
}
