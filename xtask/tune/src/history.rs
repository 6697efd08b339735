//! `perf/calibration.ndjson`: every prediction that was put to the test, a line for each time.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::verify::Row;

pub(crate) const FILE: &str = "perf/calibration.ndjson";

/// One verification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) date: String,
    pub(crate) machine: String,
    pub(crate) cores: usize,
    pub(crate) commit: String,
    pub(crate) env: String,
    pub(crate) database: String,
    pub(crate) rows: Vec<Row>,
}

/// How many of the latest errors count.
const LATEST: usize = 24;

pub(crate) fn append(entry: &Entry) -> Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(FILE)?;
    writeln!(file, "{}", serde_json::to_string(entry)?).context(FILE)
}

/// All of it, from the first; nothing where nothing was ever verified.
pub(crate) fn read() -> Result<Vec<Entry>> {
    let text = fs::read_to_string(FILE).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).context(FILE)).collect()
}

/// The median of how far the latest predictions were off, as a share; none where there are none.
pub(crate) fn median_error(entries: &[Entry]) -> Option<f64> {
    let judged = entries.iter().rev().flat_map(|it| &it.rows).filter(|it| it.holds.is_some());
    let mut errors: Vec<_> = judged
        .filter_map(|it| it.error)
        .map(f64::abs)
        .filter(|it| it.is_finite())
        .take(LATEST)
        .collect();
    errors.sort_by(f64::total_cmp);
    errors.get(errors.len() / 2).copied()
}

/// The record in words.
pub(crate) fn record(entries: &[Entry]) -> String {
    match median_error(entries) {
        Some(error) => {
            format!("the latest predictions were off by {:.0} % (median)", error * 100.0)
        }
        None => "no prediction was ever put to the test".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(errors: &[f64]) -> Entry {
        let row = |&error: &f64| Row {
            name: "save capacity".to_owned(),
            predicted: "1".to_owned(),
            measured: "1".to_owned(),
            error: Some(error),
            holds: Some(true),
        };
        let rows = errors.iter().map(row).collect();
        let text = || "it".to_owned();
        let (date, machine, commit, env, database) = (text(), text(), text(), text(), text());
        Entry { date, machine, cores: 2, commit, env, database, rows }
    }

    #[test]
    fn a_record_is_the_median_of_the_latest_errors() {
        assert_eq!(median_error(&[]), None);
        assert_eq!(median_error(&[entry(&[-0.3, 0.1]), entry(&[0.2])]), Some(0.2));
        let old = entry(&[0.9; 30]);
        assert_eq!(median_error(&[old, entry(&[0.05; 24])]), Some(0.05));
    }
}
