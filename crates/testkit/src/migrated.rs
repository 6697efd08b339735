//! Running the migrations, and a name for the resulting schema.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use database::migrations;
use settings::DatabaseUrl;
use sha2::{Digest as _, Sha256};

const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");

/// Timeout of the migration lock, which no other process holds on a new database.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs the migrations of `folder` on an empty database.
///
/// # Errors
/// When one fails, or when they are not those of `folder`, since the build is older than it.
pub(crate) async fn migrate(url: &DatabaseUrl, folder: &str) -> Result<()> {
    let ran = migrations::up(url, LOCK_TIMEOUT).await?;
    let folder = Path::new(MIGRATIONS).join(folder);
    let ran: Vec<PathBuf> = ran.iter().map(|name| folder.join(name)).collect();
    ensure!(entries(&folder)? == ran, "the build has other migrations than {}", folder.display());
    Ok(())
}

/// Twelve hexadecimal digits that change when any migration of `folder` does.
///
/// A template with these digits in its name is never out of date, and all processes share it.
pub(crate) fn fingerprint(folder: &str) -> Result<String> {
    let mut hash = Sha256::new();
    for migration in entries(&Path::new(MIGRATIONS).join(folder))? {
        for file in entries(&migration)? {
            hash.update(file.to_string_lossy().as_bytes());
            hash.update(fs::read(&file)?);
        }
    }
    Ok(hash.finalize()[..6].iter().fold(String::new(), |mut digits, byte| {
        // Writing to a string does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    }))
}

/// The entries of a folder, in order.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))?;
    let mut paths =
        entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.sort();
    Ok(paths)
}
