//! The folders of the migrations: the same names for both databases.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// The folder of each database.
pub(super) const DATABASES: [&str; 2] = ["migrations/sqlite", "migrations/postgres"];

/// The files of each migration.
pub(super) const FILES: [&str; 2] = ["up.sql", "down.sql"];

/// The names of the migrations, in order.
///
/// # Errors
/// When a migration exists for one database only, or lacks a file.
pub(super) fn names() -> Result<BTreeSet<String>> {
    let [sqlite, postgres] = [within(DATABASES[0])?, within(DATABASES[1])?];
    let alone: Vec<_> = sqlite.symmetric_difference(&postgres).map(String::as_str).collect();
    ensure!(alone.is_empty(), "for one database only: {}", alone.join(", "));
    let missing: Vec<String> = sqlite.iter().flat_map(|name| missing_files(name)).collect();
    ensure!(missing.is_empty(), "missing: {}", missing.join(", "));
    Ok(sqlite)
}

fn within(folder: &str) -> Result<BTreeSet<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("no folder {folder}"))?;
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

fn missing_files(name: &str) -> Vec<String> {
    let folders = DATABASES.iter().map(|database| Path::new(database).join(name));
    let files = folders.flat_map(|folder| FILES.map(|file| folder.join(file)));
    files.filter(|file| !file.exists()).map(|file: PathBuf| file.display().to_string()).collect()
}
