//! Structured logs: their format, and one line for each request. The registry of [`metrics`].

mod json;
mod lines;
pub mod metrics;
mod request;
mod subscriber;
#[cfg(feature = "otlp")]
mod traces;
#[cfg(not(feature = "otlp"))]
#[path = "no_traces.rs"]
mod traces;

pub use request::{RequestSpan, request_logger, watch_waits};
pub use subscriber::{TelemetryError, start};

/// Writes and sends what waits, for a few seconds at most. The last call of a process that logs: what is
/// logged later is lost.
pub fn finish() {
    traces::finish();
    lines::finish();
}
