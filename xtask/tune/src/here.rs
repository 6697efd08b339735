//! This machine, this day, this commit.

use std::fs;
use std::process::Command;

use chrono::{NaiveDate, Utc};

/// What the processor is called.
pub(crate) fn machine() -> String {
    line("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned())
}

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}

pub(crate) fn memory_mib() -> usize {
    let total = line("/proc/meminfo", "MemTotal").unwrap_or_default();
    let kib: usize = total.split(' ').next().and_then(|it| it.parse().ok()).unwrap_or_default();
    kib / 1024
}

pub(crate) fn today() -> NaiveDate {
    Utc::now().date_naive()
}

/// The commit that is checked out, with a mark if files differ from it.
pub(crate) fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    let changed = git(&["status", "--porcelain"]).is_some_and(|it| !it.is_empty());
    if changed { format!("{commit}+changes") } else { commit }
}

fn line(file: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
