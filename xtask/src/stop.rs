//! `cargo xtask stop`: whether SIGTERM cuts off anybody, or loses anything, or takes too long.

use anyhow::Result;
use testkit::Kind;

use crate::crash;
use crate::probe;

/// Ask the server to stop under load, again and again, and check what survived
///
/// Each round starts the release build, lets fifty people save, sends SIGTERM at a random moment, and
/// waits for the exit; then it starts the server again and reads back every version of every state.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Leave out the other database.
    #[arg(long, value_name = "sqlite|postgres")]
    db: Option<Kind>,
    /// How often to stop it, on each database.
    #[arg(long, default_value_t = 50)]
    rounds: u32,
    /// Where the random moments come from; printed, so that a run can be repeated.
    #[arg(long)]
    seed: Option<u64>,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    probe::build().await?;
    crash::on_each("stop", arguments.db, arguments.rounds, arguments.seed).await
}
