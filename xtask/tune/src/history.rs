//! `perf/calibration.ndjson`: every prediction that was put to the test, a line for each time.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::verify::{CAPACITY, Row, is_drift};

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
    /// What share of the plateau of closed loops was foretold of open ones.
    #[serde(default = "all")]
    pub(crate) open_share: f64,
    pub(crate) rows: Vec<Row>,
}

fn all() -> f64 {
    1.0
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

/// What share of the plateau of closed loops open ones reached, at the median of the latest looks beside
/// which the same load was brought again; all of it where there was none.
///
/// An open loop costs the tool more, on the cores of the server: what arrives has to be waited for.
pub(crate) fn open_share(entries: &[Entry]) -> f64 {
    let looks = entries.iter().rev().filter(|it| it.rows.iter().any(|row| is_drift(&row.name)));
    let shares = looks.flat_map(|entry| {
        let capacities =
            entry.rows.iter().filter(|it| it.name.ends_with(CAPACITY) && !it.disturbed);
        capacities.filter_map(|it| Some((1.0 + it.error?) * entry.open_share))
    });
    let mut shares: Vec<_> = shares.filter(|it| it.is_finite()).take(LATEST).collect();
    shares.sort_by(f64::total_cmp);
    shares.get(shares.len() / 2).copied().unwrap_or(1.0).min(1.0)
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
            disturbed: false,
        };
        let rows = errors.iter().map(row).collect();
        let text = || "it".to_owned();
        let (date, machine, commit, env, database) = (text(), text(), text(), text(), text());
        Entry { date, machine, cores: 2, commit, env, database, open_share: 1.0, rows }
    }

    #[test]
    fn what_open_loops_reached_is_foretold_of_the_next() {
        let look = |error: f64, open_share| {
            let mut entry = Entry { open_share, ..entry(&[error]) };
            entry.rows.push(crate::verify::drift_row("save", 1.1));
            entry
        };
        assert!((open_share(&[]) - 1.0).abs() < 1e-9);
        assert!((open_share(&[entry(&[-0.3])]) - 1.0).abs() < 1e-9, "nobody knows how fast it was");
        assert!((open_share(&[look(-0.2, 1.0)]) - 0.8).abs() < 1e-9);
        let right = [look(-0.2, 1.0), look(0.0, 0.8), look(0.0, 0.8)];
        assert!((open_share(&right) - 0.8).abs() < 1e-9, "being right changes nothing");
    }

    #[test]
    fn a_record_is_the_median_of_the_latest_errors() {
        assert_eq!(median_error(&[]), None);
        assert_eq!(median_error(&[entry(&[-0.3, 0.1]), entry(&[0.2])]), Some(0.2));
        let old = entry(&[0.9; 30]);
        assert_eq!(median_error(&[old, entry(&[0.05; 24])]), Some(0.05));
    }
}
