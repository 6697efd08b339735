//! Faults of a profile or a file.

use crate::solve::Fault;

/// Faults and warnings.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) faults: Vec<Fault>,
    pub(crate) warnings: Vec<String>,
}

impl Findings {
    pub(crate) fn add(&mut self, other: Self) {
        self.faults.extend(other.faults);
        self.warnings.extend(other.warnings);
    }

    /// Adds a fault, and a way to mend it.
    pub(crate) fn fault(&mut self, what: &str, way_out: &str) {
        self.faults.push(Fault { what: what.to_owned(), ways_out: vec![way_out.to_owned()] });
    }
}
