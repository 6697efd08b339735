//! Where log lines go, and how they look.

use std::io::IsTerminal;

use settings::{Log, LogFormat};
use thiserror::Error;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, fmt};

use crate::lines;

/// Why logging could not be started.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// `log.filter` is no filter.
    #[error("log.filter is not understood: {0}")]
    Filter(#[from] ParseError),
    /// Something else logs in this process already.
    #[error(transparent)]
    Taken(#[from] TryInitError),
}

/// Starts logging to standard error: text for people, or JSON with one object a line, until
/// [`finish`](crate::finish) is called.
///
/// # Errors
/// When the filter is not understood, or logging was started before.
pub fn start(settings: &Log) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(&settings.filter)?;
    let lines = fmt().with_env_filter(filter).with_writer(lines::start()).with_target(false);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    match settings.format {
        LogFormat::Text => lines.compact().finish().try_init()?,
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .finish()
            .try_init()?,
    }
    Ok(())
}
