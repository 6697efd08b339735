//! `cargo xtask tune`: the package `tune` does the work; here it is built and given a server, a load
//! tool and a database.

use std::fs;

use anyhow::Result;
use testkit::cluster::Cluster;
use testkit::{Kind, TestDatabase};
use tokio::process::Command;

use crate::commands::{self, cargo, program, release_folder};
use crate::stress::{finish, value};

/// Compute the profiles from what is measured, explain them, and prove that they fit
///
/// `cargo xtask tune --help` tells all of it.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// What `tune` takes.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) words: Vec<String>,
}

/// Words with which nothing is measured.
const WITHOUT_SERVER: [&str; 7] =
    ["check", "render", "report", "--help", "-h", "--reuse", "--explain"];

pub(crate) async fn run(words: &[String]) -> Result<()> {
    commands::run(cargo().args(["build", "--quiet", "--package=tune"])).await?;
    let is_offline =
        |word: &String| WITHOUT_SERVER.contains(&word.split('=').next().unwrap_or(word));
    if words.iter().any(is_offline) {
        return finish(command(words)?).await;
    }
    commands::build_release().await?;
    match kind(words)? {
        Kind::Sqlite => on(&testkit::sqlite_database().await?, words).await,
        Kind::Postgres => {
            let cluster = Cluster::start_durable()?;
            on(&testkit::postgres_database(&cluster.url()).await?, words).await
        }
    }
}

/// The database that a profile is for: as asked, or else as its file says.
fn kind(words: &[String]) -> Result<Kind> {
    if let Some(name) = value(words, "--db") {
        return Ok(if name == "sqlite" { Kind::Sqlite } else { Kind::Postgres });
    }
    let env = value(words, "--env").unwrap_or("development");
    let file = fs::read_to_string(format!("config/tuning/{env}.toml"))?;
    let is_postgres = file.lines().any(|line| line == "kind = \"postgres\"");
    Ok(if is_postgres { Kind::Postgres } else { Kind::Sqlite })
}

async fn on(database: &TestDatabase, words: &[String]) -> Result<()> {
    let mut command = command(words)?;
    let folder = release_folder()?;
    for name in ["server", "stress"] {
        let file = if name == "server" { "cardroom" } else { name };
        command.arg(format!("--{name}={}", folder.join(file).display()));
    }
    command.env("DATABASE_URL", &*database.url.expose());
    finish(command).await
}

fn command(words: &[String]) -> Result<Command> {
    let file = release_folder()?.with_file_name("debug").join("tune");
    let mut command = program(&file.to_string_lossy());
    command.args(words);
    Ok(command)
}
