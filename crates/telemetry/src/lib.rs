//! Structured logs: their format, and one line for each request. The registry of [`metrics`].

pub mod metrics;
mod request;
mod subscriber;

pub use request::{RequestSpan, request_logger};
pub use subscriber::{TelemetryError, start};
