//! `cargo xtask fuzz`: runs the fuzz targets of the integration tests for a given time.

use anyhow::{Context as _, Result};
use chrono::Utc;
use testkit::{Kind, SERVER};
use tokio::process::Command;

use crate::commands::{cargo, run as run_command};
use crate::server::Server;

/// Run the fuzz targets in `bins/cardroom/tests/it/fuzz` for a given time.
///
/// All targets run at the same time, and print every half minute how far they are. An input that fails is
/// kept in `bins/cardroom/tests/corpus`, with which every later run of the tests begins.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How long.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    minutes: u32,
    /// The seed of an earlier run, which it printed; another one each time by default.
    #[arg(long)]
    seed: Option<u64>,
    /// Leave out the targets on the other database.
    #[arg(long, value_name = "sqlite|postgres")]
    db: Option<Kind>,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let seed = arguments.seed.unwrap_or_else(|| Utc::now().timestamp().unsigned_abs());
    let needs_server = arguments.db != Some(Kind::Sqlite);
    let server = needs_server.then(Server::given_or_started).transpose()?;
    println!("{} minutes from seed {seed}", arguments.minutes);
    let mut tests = command(&arguments, seed);
    if let Some(server) = &server {
        tests.env(SERVER, server.url());
    }
    run_command(&mut tests).await.with_context(|| format!("a target failed from seed {seed}"))
}

fn command(arguments: &Arguments, seed: u64) -> Command {
    let mut command = cargo();
    command
        .args(["test", "--quiet", "--workspace", "--test=it", "--", "fuzz::", "--nocapture"])
        // Each target waits for the server most of the time.
        .arg("--test-threads=16")
        .env("CARDROOM_FUZZ_SECONDS", (u64::from(arguments.minutes) * 60).to_string())
        .env("CARDROOM_FUZZ_SEED", seed.to_string());
    match arguments.db {
        Some(Kind::Sqlite) => command.args(["--skip", "::postgres"]),
        Some(Kind::Postgres) => command.args(["--skip", "::sqlite"]),
        None => &mut command,
    };
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_and_seed_reach_the_targets() {
        let arguments = Arguments { minutes: 2, seed: None, db: Some(Kind::Sqlite) };
        let command = command(&arguments, 7);
        let variable = |name: &str| {
            let mut all = command.as_std().get_envs().filter(|it| it.0 == name);
            all.next().and_then(|it| it.1).and_then(|it| it.to_str()).map(str::to_owned)
        };
        assert_eq!(variable("CARDROOM_FUZZ_SECONDS").as_deref(), Some("120"));
        assert_eq!(variable("CARDROOM_FUZZ_SEED").as_deref(), Some("7"));
        assert!(command.as_std().get_args().any(|it| it == "::postgres"));
    }
}
