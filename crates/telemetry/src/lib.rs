//! Structured logs: their format, and one line for each request. The registry of [`metrics`].

mod json;
mod lines;
pub mod metrics;
mod request;
mod subscriber;

pub use lines::finish;
pub use request::{RequestSpan, request_logger, watch_waits};
pub use subscriber::{TelemetryError, start};
