//! `cargo xtask crash`: whether what was acknowledged survives a `kill -9`.

use anyhow::Result;
use testkit::cluster::Cluster;
use testkit::{Kind, TestDatabase};

use crate::commands;
use crate::probe;

/// Kill the server under load, again and again, and check what survived
///
/// Each round starts the release build, lets twenty people save, kills it with SIGKILL at a random
/// moment, starts it again, and reads back every version of every state.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Leave out the other database.
    #[arg(long, value_name = "sqlite|postgres")]
    db: Option<Kind>,
    /// How often to kill it, on each database.
    #[arg(long, default_value_t = 100)]
    rounds: u32,
    /// Where the random moments come from; printed, so that a run can be repeated.
    #[arg(long)]
    seed: Option<u64>,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    probe::build().await?;
    on_each("crash", arguments.db, arguments.rounds, arguments.seed).await
}

/// Runs a task of `probe` that ends the server again and again, on each database, or on `only` one.
pub(crate) async fn on_each(
    task: &str,
    only: Option<Kind>,
    rounds: u32,
    seed: Option<u64>,
) -> Result<()> {
    if only != Some(Kind::Postgres) {
        println!("{task} on SQLite");
        on(&testkit::sqlite_database().await?, task, rounds, seed).await?;
    }
    if only != Some(Kind::Sqlite) {
        println!("{task} on PostgreSQL");
        let cluster = Cluster::start_durable()?;
        on(&testkit::postgres_database(&cluster.url()).await?, task, rounds, seed).await?;
    }
    Ok(())
}

async fn on(database: &TestDatabase, task: &str, rounds: u32, seed: Option<u64>) -> Result<()> {
    let seed = seed.unwrap_or_else(rand::random);
    let mut command = probe::command(task)?;
    command.env("DATABASE_URL", &*database.url.expose());
    command.args(["--rounds", &rounds.to_string(), "--seed", &seed.to_string()]);
    commands::run(&mut command).await
}
