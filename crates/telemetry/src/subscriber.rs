//! Where log lines go, and how they look.

use std::io::IsTerminal;

use settings::{Log, LogFormat};
use thiserror::Error;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::TryInitError;
use tracing_subscriber::{EnvFilter, fmt};

use crate::json::JsonLine;
use crate::lines;
use crate::traces;

/// Why logging could not be started.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// `log.filter` is no filter.
    #[error("log.filter is not understood: {0}")]
    Filter(#[from] ParseError),
    /// Something else logs in this process already.
    #[error(transparent)]
    Taken(#[from] TryInitError),
    /// A collector is named, and this build sends nothing to any.
    #[error("log.otlp_endpoint is set, and this server was built without the feature `otlp`")]
    NoTraces,
    /// Traces cannot be sent.
    #[error("traces cannot be sent to log.otlp_endpoint: {0}")]
    Traces(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Crates that write parameters, headers or mails into their debug lines: of these nobody gets more
/// than `info`, whatever the filter says.
const TALKATIVE: [&str; 5] = ["actix_http", "h2", "lettre", "mio", "tokio_postgres"];

/// Starts logging to standard error: text for people, or JSON with one object a line, until
/// [`finish`](crate::finish) is called.
///
/// # Errors
/// When the filter is not understood, or logging was started before.
pub fn start(settings: &Log) -> Result<(), TelemetryError> {
    let mut filter = EnvFilter::try_new(&settings.filter)?;
    for crate_name in TALKATIVE {
        filter = filter.add_directive(format!("{crate_name}=info").parse()?);
    }
    let lines = fmt().with_env_filter(filter).with_writer(lines::start()).with_target(false);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    match settings.format {
        LogFormat::Text => traces::init(lines.compact().finish(), settings),
        LogFormat::Json => traces::init(lines.json().event_format(JsonLine).finish(), settings),
    }
}
