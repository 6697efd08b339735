//! Problems with the settings, one line each.

use std::error::Error;
use std::fmt::{self, Display, Formatter};

/// One problem with the settings. It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, as in `server.port`; or the file or variable, if the problem is with the whole.
    pub key: String,
    /// The problem.
    pub what: String,
    /// The source of the value: a file or a variable.
    pub source: String,
    /// The accepted values; empty for an unknown key.
    pub accepted: String,
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { key, what, source, accepted } = self;
        write!(f, "{key}: {what} (from {source})")?;
        if accepted.is_empty() { Ok(()) } else { write!(f, "; accepted: {accepted}") }
    }
}

/// All problems with the settings; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Display for Problems {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the settings have a problem:")?,
            many => write!(f, "the settings have {many} problems:")?,
        }
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl Error for Problems {}
