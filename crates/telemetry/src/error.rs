//! Errors of the start.

use thiserror::Error;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::TryInitError;

/// Why logging could not be started.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// `log.filter` is not a filter.
    #[error("log.filter is not understood: {0}")]
    Filter(#[from] ParseError),
    /// Another subscriber is installed in this process.
    #[error(transparent)]
    Taken(#[from] TryInitError),
    /// A collector is configured, and this build has no OTLP.
    #[error("log.otlp_endpoint is set, and this server was built without the feature `otlp`")]
    NoTraces,
    /// The exporter of traces cannot be built.
    #[error("traces cannot be sent to log.otlp_endpoint: {0}")]
    Traces(#[source] Box<dyn std::error::Error + Send + Sync>),
}
