//! Finding the programs of PostgreSQL.

use std::cmp::Reverse;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::geteuid;

/// Debian installs each version in its own folder, outside PATH.
const DEBIAN: &str = "/usr/lib/postgresql";

const APT_GET: &str = "/usr/bin/apt-get";

/// The two programs that a cluster needs.
#[derive(Debug)]
pub(super) struct Binaries {
    pub(super) initdb: PathBuf,
    pub(super) postgres: PathBuf,
}

impl Binaries {
    /// Finds the programs, or installs them where that is allowed.
    pub(super) fn find_or_install() -> Result<Self> {
        if let Some(found) = Self::find() {
            return Ok(found);
        }
        if geteuid().is_root() && Path::new(APT_GET).exists() {
            install()?;
        }
        match Self::find() {
            Some(found) => Ok(found),
            None => bail!(
                "PostgreSQL is not installed: install the package `postgresql`, or set \
                 TEST_DATABASE_URL to a server on which tests may create databases"
            ),
        }
    }

    fn find() -> Option<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        let mut folders = env::split_paths(&path).chain(reported_by_pg_config()).chain(debian());
        folders.find_map(|folder| Self::within(&folder))
    }

    fn within(folder: &Path) -> Option<Self> {
        let (initdb, postgres) = (folder.join("initdb"), folder.join("postgres"));
        (initdb.is_file() && postgres.is_file()).then_some(Self { initdb, postgres })
    }
}

fn reported_by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}

/// Debian's folders, the newest version first.
fn debian() -> Vec<PathBuf> {
    let entries = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    versions.sort_by_key(|path| Reverse(version(path)));
    versions.into_iter().map(|path| path.join("bin")).collect()
}

/// The number that a folder is named after, as in `/usr/lib/postgresql/15`.
fn version(folder: &Path) -> Option<u32> {
    folder.file_name()?.to_str()?.parse().ok()
}

fn install() -> Result<()> {
    eprintln!("PostgreSQL is not installed; installing it with apt-get");
    apt_get(&["update"])?;
    apt_get(&["install", "--yes", "--no-install-recommends", "postgresql"])
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let status = Command::new(APT_GET)
        .arg("--quiet=2")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .status()
        .context("cannot run apt-get")?;
    ensure!(status.success(), "`apt-get {}` failed", arguments.join(" "));
    Ok(())
}
