//! Reads key by key, and collects all problems instead of stopping at the first.
//!
//! A read that fails gives a placeholder. It is never used, because [`Keys::finish`] then gives the problems
//! instead of the settings.

use std::collections::BTreeSet;

use crate::effective::Effective;
use crate::entries::{Entries, Value};
use crate::nearest::nearest;
use crate::problem::{Problem, Problems};

/// A value that was read.
pub(crate) struct Reading<T> {
    pub(crate) value: T,
    /// The value as `cardroom check` prints it; a secret is masked.
    pub(crate) shown: String,
}

impl<T> Reading<T> {
    pub(crate) fn new(value: T, shown: impl Into<String>) -> Self {
        Self { value, shown: shown.into() }
    }
}

/// A value that was read, or a sentence about the problem with it.
pub(crate) type ReadResult<T> = Result<Reading<T>, String>;

/// The values in effect, and the problems found so far.
pub(crate) struct Keys {
    entries: Entries,
    cores: usize,
    asked: BTreeSet<&'static str>,
    effective: Vec<Effective>,
    problems: Vec<Problem>,
}

impl Keys {
    pub(crate) fn new(entries: Entries, cores: usize) -> Self {
        let asked = BTreeSet::new();
        Self { entries, cores, asked, effective: Vec::new(), problems: Vec::new() }
    }

    /// Cores of the machine.
    pub(crate) fn cores(&self) -> usize {
        self.cores
    }

    /// Adds a problem that a comparison of several values found, unless the key has one already.
    pub(crate) fn refuse(&mut self, key: &str, what: &str, accepted: &str) {
        if !self.problems.iter().any(|problem| problem.key == key) {
            let problem = self.problem(key, what.into(), accepted);
            self.problems.push(problem);
        }
    }

    /// All values in effect in the order of reading, or the problems if there are any.
    pub(crate) fn finish(mut self) -> Result<Vec<Effective>, Problems> {
        let unknown = self.entries.keys().filter(|key| !self.asked.contains(key.as_str()));
        let unknown: Vec<_> = unknown.map(|key| self.unknown(key)).collect();
        self.problems.extend(unknown);
        if self.problems.is_empty() { Ok(self.effective) } else { Err(Problems(self.problems)) }
    }

    /// Reads a key with `parse`; on a problem, adds it and gives none.
    pub(crate) fn read<T>(
        &mut self,
        key: &'static str,
        accepted: &str,
        parse: impl FnOnce(&Value) -> ReadResult<T>,
    ) -> Option<T> {
        self.asked.insert(key);
        let entry = self.entries.get(key).ok_or_else(|| "is missing".to_owned());
        match entry.and_then(|entry| Ok((parse(&entry.value)?, &entry.source))) {
            Ok((Reading { value, shown }, source)) => {
                let source = source.clone();
                self.effective.push(Effective { key: key.into(), value: shown, source });
                Some(value)
            }
            Err(what) => {
                self.refuse(key, &what, accepted);
                None
            }
        }
    }

    fn unknown(&self, key: &str) -> Problem {
        let meant = match key {
            "profile" => Some("CARDROOM_PROFILE"),
            key => nearest(key, self.asked.iter().copied()),
        };
        let hint = meant.map(|key| format!("; did you mean {key}?")).unwrap_or_default();
        self.problem(key, format!("unknown key{hint}"), "")
    }

    fn problem(&self, key: &str, what: String, accepted: &str) -> Problem {
        let source = self.entries.get(key).map_or("no file or variable", |it| &it.source);
        Problem {
            key: key.escape_debug().to_string(),
            what,
            source: source.into(),
            accepted: accepted.into(),
        }
    }
}
