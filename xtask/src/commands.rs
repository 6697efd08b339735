//! Other programs, mostly cargo, run from the root of the repository.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The cargo that runs this process, as if it were called from a shell.
///
/// The variables that cargo sets for this package are removed: build scripts (that of `ring`, for example)
/// watch them, and half of the workspace would be rebuilt each time.
pub(crate) fn cargo() -> Command {
    let mut command = program(env::var("CARGO").as_deref().unwrap_or("cargo"));
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in names.filter(|it| it.starts_with("CARGO_PKG_") || it.starts_with("CARGO_MANIFEST_"))
    {
        command.env_remove(name);
    }
    command
}

/// A program that is killed when its handle is dropped.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.kill_on_drop(true);
    command
}

/// Runs a command to its end.
///
/// # Errors
/// When it does not succeed.
pub(crate) async fn run(command: &mut Command) -> Result<()> {
    let words = words(command);
    let status = command.status().await.with_context(|| format!("cannot run `{words}`"))?;
    if !status.success() {
        bail!("`{words}` failed: {status}");
    }
    Ok(())
}

/// The command line, for messages.
pub(crate) fn words(command: &Command) -> String {
    let command = command.as_std();
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Overrides the profile of every server and tool that is built; `cargo xtask ci` sets it.
pub(crate) const BUILD_PROFILE: &str = "CARDROOM_BUILD_PROFILE";

/// The profile that is deployed, and of which figures are taken.
pub(crate) const DIST: &str = "dist";

/// The Cargo profile of a server or a tool: the one given in the environment; else the one that is deployed,
/// or the one of `cargo run --release`, which builds faster.
pub(crate) fn build_profile(dist: bool) -> String {
    env::var(BUILD_PROFILE).unwrap_or_else(|_| if dist { DIST } else { "release" }.to_owned())
}

/// Builds the server with a profile; returns its path.
pub(crate) async fn build_server(profile: &str) -> Result<PathBuf> {
    run(cargo().args(["build", "--package=cardroom", "--profile", profile])).await?;
    Ok(target_folder()?.join(profile_folder(profile)).join("cardroom"))
}

/// The folder in the target folder that cargo builds a profile into.
pub(crate) fn profile_folder(profile: &str) -> &str {
    match profile {
        "dev" | "test" => "debug",
        "bench" => "release",
        other => other,
    }
}

/// The target folder, which cargo tags as a cache.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let program = env::current_exe()?;
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    target.map(Path::to_owned).context("xtask was not built by cargo")
}
