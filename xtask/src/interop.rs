//! The packages that the interoperability tests drive, installed from their lock files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::commands::{build_profile, build_server, program, run, target_folder};

/// The folder of the lock files.
const LOCKED: &str = "xtask/interop";

/// Packages for Node, each in a folder with a lock file of its own.
const FOR_NODE: [&str; 3] = ["supabase-js-2.58", "supabase-js-newest", "openapi"];

/// Builds the optimized server, as clients use it; returns its path.
pub(crate) async fn build() -> Result<PathBuf> {
    build_server(&build_profile(false)).await
}

/// Installs the missing packages in the target folder; returns their folder.
pub(crate) async fn install() -> Result<PathBuf> {
    let folder = target_folder()?.join("interop");
    for package in FOR_NODE {
        install_for_node(&folder.join(package), &Path::new(LOCKED).join(package)).await?;
    }
    install_for_python(&folder.join("python")).await?;
    Ok(folder)
}

async fn install_for_node(place: &Path, locked: &Path) -> Result<()> {
    fs::create_dir_all(place)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(locked.join(file), place.join(file)).context("cannot copy a lock file")?;
    }
    npm_ci(place).await
}

/// Installs the packages of the lock file in a folder, unless they are installed.
pub(crate) async fn npm_ci(place: &Path) -> Result<()> {
    let (lock, done) = (fs::read(place.join("package-lock.json"))?, place.join("installed"));
    if fs::read(&done).is_ok_and(|it| it == lock) {
        return Ok(());
    }
    let mut npm = program("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]);
    run(npm.current_dir(place)).await?;
    Ok(fs::write(done, lock)?)
}

async fn install_for_python(place: &Path) -> Result<()> {
    if !place.join("bin/python").exists() {
        run(program("python3").args(["-m", "venv"]).arg(place)).await?;
    }
    let mut pip =
        program(place.join("bin/pip").to_str().context("the name of a folder is not UTF-8")?);
    let pip = pip.args([
        "install",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "-r",
    ]);
    let locked = fs::canonicalize(Path::new(LOCKED).join("requirements.txt"))?;
    run(pip.arg(locked).current_dir(place)).await
}
