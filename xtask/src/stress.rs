//! `cargo xtask stress`: the package `stress` does the work; here it is built and given a server and a
//! database.

use std::error::Error;
use std::fmt;

use anyhow::{Context as _, Result};
use testkit::cluster::Cluster;
use testkit::{Kind, TestDatabase};
use tokio::process::Command;

use crate::bench::{self, Document};
use crate::commands::{self, cargo, program, release_folder, words};
use crate::tune;

/// Put the release build under load, and say how it held
///
/// `cargo xtask stress --help` tells all of it.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// What `stress` takes.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// How long PostgreSQL's own benchmark runs before the figures are measured.
const PGBENCH_SECONDS: u64 = 5;

/// Words that do something with runs that are there, or only tell.
const WITHOUT_SERVER: [&str; 6] = ["list", "compare", "report", "promote", "hash", "--help"];

pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    let words = &arguments.words;
    if let Some(profile) = value(words, "--verify") {
        let mut verify = vec!["verify".to_owned(), format!("--env={profile}")];
        verify.extend(without(words, "--verify"));
        return tune::run(&verify).await;
    }
    let first = words.first().map(String::as_str).unwrap_or_default();
    let elsewhere = value(words, "--target").is_some_and(|it| it != "spawn");
    if elsewhere || WITHOUT_SERVER.contains(&first) || words.iter().any(|it| it == "--help") {
        commands::run(cargo().args(["build", "--release", "--package=stress"])).await?;
        return finish(command(words)?).await;
    }
    commands::build_release().await?;
    if first == "ab" {
        return ab(&words[1..]).await;
    }
    let kind = value(words, "--db").map_or(Ok(Kind::Sqlite), str::parse);
    let kind = kind.map_err(anyhow::Error::msg).context("--db")?;
    match kind {
        Kind::Sqlite => on(&testkit::sqlite_database().await?, words).await,
        Kind::Postgres => {
            let cluster = Cluster::start_durable()?;
            let database = testkit::postgres_database(&cluster.url()).await?;
            let mut words = words.clone();
            if first == "figures" {
                let beside = testkit::postgres_database(&cluster.url()).await?;
                let rate =
                    bench::pgbench(&cluster, &beside, Document::Sent, PGBENCH_SECONDS).await?;
                words.push(format!("--pgbench={rate}"));
            }
            on(&database, &words).await
        }
    }
}

/// Builds another revision beside this one, and has the two compared, on SQLite.
async fn ab(words: &[String]) -> Result<()> {
    let base = value(words, "--base").context("--base REVISION is needed")?;
    let rest: Vec<_> = without(words, "--base");
    let folder = release_folder()?.with_file_name("stress").join("base");
    let (tree, target) = (folder.join("tree"), folder.join("target"));
    if tree.exists() {
        commands::run(
            program("git")
                .args(["-C", &tree.to_string_lossy()])
                .args(["checkout", "--quiet", "--detach", base]),
        )
        .await?;
    } else {
        let add = ["worktree", "add", "--quiet", "--detach", &tree.to_string_lossy(), base];
        commands::run(program("git").args(add)).await?;
    }
    let mut build = cargo();
    build.current_dir(&tree).args(["build", "--release", "--package=cardroom"]);
    commands::run(build.env("CARGO_TARGET_DIR", &target)).await?;
    let database = testkit::sqlite_database().await?;
    let mut command = command(&["ab".to_owned()])?;
    command.arg(target.join("release/cardroom")).arg(release_folder()?.join("cardroom"));
    command.args(rest).env("DATABASE_URL", &*database.url.expose());
    finish(command).await
}

/// The words without an option and its value.
fn without(words: &[String], option: &str) -> Vec<String> {
    let mut rest = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix(option) {
            Some("") => _ = words.next(),
            Some(it) if it.starts_with('=') => {}
            _ => rest.push(word.clone()),
        }
    }
    rest
}

async fn on(database: &TestDatabase, words: &[String]) -> Result<()> {
    let mut command = command(words)?;
    command.arg(format!("--server={}", release_folder()?.join("cardroom").display()));
    command.env("DATABASE_URL", &*database.url.expose());
    finish(command).await
}

fn command(words: &[String]) -> Result<Command> {
    let mut command = program(&release_folder()?.join("stress").to_string_lossy());
    command.args(words);
    Ok(command)
}

/// Runs to the end; its status says more than yes or no, and has to be ours.
pub(crate) async fn finish(mut command: Command) -> Result<()> {
    let words = words(&command);
    let status = command.status().await.with_context(|| format!("cannot run `{words}`"))?;
    let code = status.code().and_then(|it| u8::try_from(it).ok()).unwrap_or(1);
    if code == 0 { Ok(()) } else { Err(Ended(code).into()) }
}

/// Another program has said everything; only its exit status is left to be passed on.
#[derive(Debug)]
pub(crate) struct Ended(pub(crate) u8);

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ended with status {}", self.0)
    }
}

impl Error for Ended {}

/// The value of an option, written with or without `=`.
pub(crate) fn value<'a>(words: &'a [String], option: &str) -> Option<&'a str> {
    words.iter().enumerate().find_map(|(place, word)| match word.strip_prefix(option)? {
        "" => words.get(place + 1).map(String::as_str),
        rest => rest.strip_prefix('='),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_found_however_it_is_written() {
        let words = ["save", "--db=postgres", "--target", "spawn"].map(str::to_owned);

        assert_eq!(value(&words, "--db"), Some("postgres"));
        assert_eq!(value(&words, "--target"), Some("spawn"));
        assert_eq!(value(&words, "--rate"), None);
        assert_eq!(without(&words, "--target"), ["save", "--db=postgres"]);
        assert_eq!(without(&words, "--db"), ["save", "--target", "spawn"]);
    }
}
