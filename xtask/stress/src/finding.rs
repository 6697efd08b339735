//! The result of comparing what was acknowledged with what is stored.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Examples that a finding keeps of its faults.
const EXAMPLES_MAX: usize = 5;

/// One guarantee: how often it was checked, and how often it was violated.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Finding {
    /// The guarantee, in words that follow a number.
    pub(crate) about: String,
    pub(crate) checked: u64,
    pub(crate) faults: u64,
    pub(crate) examples: Vec<String>,
}

impl Finding {
    pub(crate) fn about(about: &str) -> Self {
        Self { about: about.to_owned(), ..Self::default() }
    }

    pub(crate) fn fault(&mut self, example: String) {
        self.faults += 1;
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(example);
        }
    }

    /// Counts a check, and a fault if there is one.
    pub(crate) fn check(&mut self, fault: Option<String>) {
        self.checked += 1;
        if let Some(fault) = fault {
            self.fault(fault);
        }
    }

    pub(crate) fn holds(&self) -> bool {
        self.faults == 0
    }
}

/// A condition in words: of the validity of a run, or a claim about the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) limit: String,
    pub(crate) ok: bool,
}

impl Check {
    pub(crate) fn new(
        name: impl Into<String>,
        value: impl fmt::Display,
        limit: impl Into<String>,
        ok: bool,
    ) -> Self {
        Self { name: name.into(), value: value.to_string(), limit: limit.into(), ok }
    }

    /// A count that has to be zero.
    pub(crate) fn none(name: &str, count: u64) -> Self {
        Self::new(name, count, "0", count == 0)
    }

    /// A rate that has to be at least a share of another.
    pub(crate) fn ratio(name: &str, value: f64, of: f64, least: f64) -> Self {
        let ratio = value / of;
        let shown = format!("{ratio:.2} ({value:.0} of {of:.0})");
        Self::new(name, shown, format!(">= {least}"), ratio >= least)
    }

    /// The fault in words.
    pub(crate) fn fault(&self) -> String {
        format!("is {}, must be {}", self.value, self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_keeps_the_first_few_examples_and_counts_all() {
        let mut finding = Finding::about("versions");
        finding.check(None);
        (0..9).for_each(|it| finding.check(Some(it.to_string())));

        assert_eq!((finding.checked, finding.faults), (10, 9));
        assert_eq!(finding.examples, ["0", "1", "2", "3", "4"]);
        assert!(!finding.holds() && Finding::default().holds());
    }

    #[test]
    fn a_ratio_is_held_to_its_least() {
        assert!(Check::ratio("saves", 95.0, 100.0, 0.95).ok);
        assert!(!Check::ratio("saves", 94.0, 100.0, 0.95).ok);
        assert!(!Check::ratio("saves", 94.0, f64::NAN, 0.95).ok, "nothing to compare");
        assert_eq!(Check::none("lost", 2).fault(), "is 2, must be 0");
    }
}
