//! A fresh SQLite file: a copy of one that was migrated once.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use settings::DatabaseUrl;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::migrated::{fingerprint, migrate};

pub(crate) async fn fresh() -> Result<(DatabaseUrl, TempDir)> {
    static TEMPLATE: OnceCell<PathBuf> = OnceCell::const_new();
    let template = TEMPLATE.get_or_try_init(template).await?;
    let folder = tempfile::Builder::new().prefix("cardroom-test-").tempdir()?;
    let file = folder.path().join("cardroom.db");
    fs::copy(template, &file).context("cannot copy the migrated template")?;
    Ok((DatabaseUrl::Sqlite(file), folder))
}

/// The migrated file, made by the first process that needs it.
///
/// A rename gives it its name, so it is complete or does not exist.
async fn template() -> Result<PathBuf> {
    let folder = build_folder()?;
    fs::create_dir_all(&folder)?;
    let template = folder.join(format!("template-{}.db", fingerprint("sqlite")?));
    if !template.exists() {
        let workshop = tempfile::tempdir_in(&folder)?;
        let file = workshop.path().join("cardroom.db");
        migrate(&DatabaseUrl::Sqlite(file.clone()), "sqlite").await?;
        ensure!(!has_open_log(&file), "{} was left with a write-ahead log", file.display());
        fs::rename(&file, &template)?;
    }
    Ok(template)
}

/// `target/tmp`, the folder for files of tests, which `cargo clean` removes. The target folder is the one
/// that cargo tagged as a cache.
fn build_folder() -> Result<PathBuf> {
    let program = env::current_exe()?;
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    Ok(target.context("this program was not built by cargo")?.join("tmp"))
}

/// Whether some pages are only in the write-ahead log, where a copy of the file would miss them.
fn has_open_log(file: &Path) -> bool {
    fs::metadata(file.with_extension("db-wal")).is_ok_and(|log| log.len() > 0)
}
