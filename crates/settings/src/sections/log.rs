//! What is logged.

use crate::keys::Keys;

/// What is logged.
#[derive(Clone, Debug)]
pub struct Log {
    /// Form of a line.
    pub format: LogFormat,
    /// Which events: a level, or levels by target as in `info,rooms=debug`.
    pub filter: String,
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
        Self { format: keys.choice("log.format", formats), filter: filter.unwrap_or_default() }
    }
}

fn filter(text: &str) -> Result<String, &'static str> {
    if text.is_empty() { Err("is empty") } else { Ok(text.to_owned()) }
}
