//! `perf/calibration.ndjson`: a line for each verification of predictions.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use stress::statistics;

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
    /// Share of the rate of closed loops that open ones reached, by operation; of those that the same
    /// closed loops were measured beside.
    #[serde(default)]
    pub(crate) open_shares: BTreeMap<String, f64>,
    pub(crate) rows: Vec<Row>,
}

/// Number of the latest errors, or shares, that count.
const LATEST: usize = 24;

pub(crate) fn append(entry: &Entry) -> Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(FILE)?;
    writeln!(file, "{}", serde_json::to_string(entry)?).context(FILE)
}

/// All entries, oldest first; none before the first verification.
pub(crate) fn read() -> Result<Vec<Entry>> {
    let text = fs::read_to_string(FILE).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).context(FILE)).collect()
}

/// The median of how far the latest predictions were off, as a share; none where there are none.
pub(crate) fn median_error(entries: &[Entry]) -> Option<f64> {
    let judged = entries.iter().rev().flat_map(|it| &it.rows).filter(|it| it.holds.is_some());
    median(judged.filter_map(|it| it.error).map(f64::abs))
}

/// Share of the rate of closed loops that open ones of an operation reached on a database: the median of
/// the latest measurements, and 1 without any.
///
/// An open loop costs the tool more, on the cores of the server: it has to wait for each arrival.
pub(crate) fn open_share(entries: &[Entry], database: &str, operation: &str) -> f64 {
    let looks = entries.iter().rev().filter(|it| it.database == database);
    median(looks.filter_map(|it| it.open_shares.get(operation).copied())).unwrap_or(1.0).min(1.0)
}

/// The median of the latest finite values; the latest come first.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    statistics::median(values.filter(|it| it.is_finite()).take(LATEST))
}

/// The record in words.
pub(crate) fn record(entries: &[Entry]) -> String {
    match median_error(entries) {
        Some(error) => {
            format!("the latest predictions were off by {:.0} % (median)", error * 100.0)
        }
        None => "no prediction was ever verified".to_owned(),
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
        let open_shares = BTreeMap::new();
        Entry { date, machine, cores: 2, commit, env, database, open_shares, rows }
    }

    #[test]
    fn what_open_loops_reached_is_predicted_of_the_next() {
        let look = |share| {
            let open_shares = BTreeMap::from([("save".to_owned(), share)]);
            Entry { open_shares, ..entry(&[]) }
        };
        let check = |looks: &[f64], predicted: f64| {
            let entries: Vec<_> = looks.iter().map(|it| look(*it)).collect();
            let found = open_share(&entries, "it", "save");
            assert!((found - predicted).abs() < 1e-9, "{looks:?}: {found}");
            assert!((open_share(&entries, "it", "join") - 1.0).abs() < 1e-9, "never measured");
            assert!((open_share(&entries, "other", "save") - 1.0).abs() < 1e-9, "not there");
        };
        check(&[], 1.0);
        check(&[0.75], 0.75);
        check(&[0.5, 1.0], 0.75);
        check(&[0.9, 0.5, 0.8], 0.8);
        // A share above 1 is noise.
        check(&[1.1], 1.0);
    }

    #[test]
    fn a_record_is_the_median_of_the_latest_errors() {
        assert_eq!(median_error(&[]), None);
        assert_eq!(median_error(&[entry(&[-0.3, 0.1]), entry(&[0.2])]), Some(0.2));
        let old = entry(&[0.9; 30]);
        assert_eq!(median_error(&[old, entry(&[0.05; 24])]), Some(0.05));
    }
}
