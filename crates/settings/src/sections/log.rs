//! Logging.

use crate::keys::Keys;

/// Logging.
#[derive(Clone, Debug)]
pub struct Log {
    /// Form of a line.
    pub format: LogFormat,
    /// The filter of events: a level, or levels by target as in `info,rooms=debug`.
    pub filter: String,
    /// Collector that traces are sent to, if any.
    pub otlp_endpoint: Option<String>,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: an object a line.
    Json,
}

impl Log {
    pub(crate) fn read(keys: &mut Keys) -> Self {
        let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
        let filter = keys.text("log.filter", "a level, or as in info,rooms=debug", filter);
        let endpoint = keys.text("log.otlp_endpoint", ENDPOINT, endpoint).unwrap_or_default();
        Self {
            format: keys.choice("log.format", formats),
            filter: filter.unwrap_or_default(),
            otlp_endpoint: Some(endpoint).filter(|it| !it.is_empty()),
        }
    }
}

const ENDPOINT: &str = "nothing, or http:// and a host";

fn endpoint(text: &str) -> Result<String, &'static str> {
    match text.strip_prefix("http://") {
        None if text.is_empty() => Ok(String::new()),
        None => Err("does not begin with http://"),
        Some(host) if host.is_empty() || host.contains(['/', '?', '@', ' ']) => Err("is no host"),
        Some(_) => Ok(text.to_owned()),
    }
}

fn filter(text: &str) -> Result<String, &'static str> {
    if text.is_empty() { Err("is empty") } else { Ok(text.to_owned()) }
}
