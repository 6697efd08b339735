//! Where log lines go, and their format.

use std::io::IsTerminal;

use settings::{Log, LogFormat};
use tracing_subscriber::{EnvFilter, fmt};

use crate::error::TelemetryError;
use crate::json::JsonLine;
use crate::lines;
use crate::traces;

/// Crates whose debug lines contain parameters, headers or mails. They are limited to `info`, whatever the
/// filter says.
const LIMITED_TO_INFO: [&str; 5] = ["actix_http", "h2", "lettre", "mio", "tokio_postgres"];

/// Starts logging to standard error: text for people, or JSON with one object a line, until
/// [`finish`](crate::finish) is called.
///
/// # Errors
/// When the filter is not understood, or logging was started before.
pub fn start(settings: &Log) -> Result<(), TelemetryError> {
    let mut filter = EnvFilter::try_new(&settings.filter)?;
    for crate_name in LIMITED_TO_INFO {
        filter = filter.add_directive(format!("{crate_name}=info").parse()?);
    }
    let lines = fmt().with_env_filter(filter).with_writer(lines::start()).with_target(false);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    match settings.format {
        LogFormat::Text => traces::init(lines.compact().finish(), settings),
        LogFormat::Json => traces::init(lines.json().event_format(JsonLine).finish(), settings),
    }
}
