//! `cargo xtask crash`: whether what was acknowledged survives a `kill -9`.

use anyhow::Result;
use testkit::cluster::Cluster;
use testkit::{Kind, TestDatabase};

use crate::commands;
use crate::probe;

/// Kill the server under load, again and again, and look what is there afterwards
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
    if arguments.db != Some(Kind::Postgres) {
        println!("crashes on SQLite");
        crash(&testkit::sqlite_database().await?, arguments).await?;
    }
    if arguments.db != Some(Kind::Sqlite) {
        println!("crashes on PostgreSQL");
        let cluster = Cluster::start_durable()?;
        crash(&testkit::postgres_database(&cluster.url()).await?, arguments).await?;
    }
    Ok(())
}

async fn crash(database: &TestDatabase, arguments: &Arguments) -> Result<()> {
    let seed = arguments.seed.unwrap_or_else(rand::random);
    let mut command = probe::command("crash")?;
    command.env("DATABASE_URL", &*database.url.expose());
    command.args(["--rounds", &arguments.rounds.to_string(), "--seed", &seed.to_string()]);
    commands::run(&mut command).await
}
