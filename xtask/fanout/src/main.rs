//! Measures what a broadcast costs on this server, on a plain `ws` server and on Socket.IO, in one
//! run on one machine; `cargo xtask fanout` builds and calls it.
//!
//! Absolute figures move with the machine; ratios of one run are what counts.

mod claim;
mod clients;
mod compare;
mod frames;
mod load;
mod protocol;
mod servers;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Parser;
use stress::Needs;
use stress::statistics::real as number;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;
use tokio::time::sleep;

use claim::claim;
use clients::Clients;
use compare::Rounds;
use servers::{Kind, Programs};

/// Rooms and members of each.
const SHAPES: [(usize, usize); 2] = [(1, 500), (100, 5)];

/// Members of a room of idle sockets.
const IDLE_MEMBERS: usize = 5;

/// Most that an idle socket may keep, in bytes.
const IDLE_BYTES_MAX: f64 = 8.0 * 1024.0;

/// Measures what a broadcast costs, here and elsewhere.
#[derive(Debug, Parser)]
struct Arguments {
    /// The release build of the server.
    #[arg(long, env = "CARDROOM_SERVER", hide = true)]
    server: PathBuf,
    /// The installed packages of the other servers.
    #[arg(long, env = "FANOUT_SERVERS", hide = true)]
    folder: PathBuf,
    /// A migrated database for this run alone.
    #[arg(long, env, hide = true, hide_env_values = true)]
    database_url: String,
    /// Rounds of each load, in which every server has its turn.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Seconds of each turn.
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Idle sockets whose memory is measured; 0 leaves this out.
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
    /// Leave out the loads.
    #[arg(long)]
    idle_only: bool,
    /// Leave out the others, and with them all comparisons.
    #[arg(long)]
    alone: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|it| it == "needs") {
        let only_help = std::env::args().any(|it| it == "--help" || it == "-h");
        if only_help { Needs::default() } else { Needs::server_on("sqlite").of_dist() }.print();
        return ExitCode::SUCCESS;
    }
    let arguments = Arguments::parse();
    let tasks = LocalSet::new();
    let outcome = tokio::select! {
        biased;
        outcome = interruption() => outcome,
        outcome = tasks.run_until(run(&arguments)) => outcome,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether every limit was kept.
async fn run(arguments: &Arguments) -> Result<bool> {
    servers::pin(None, 1)?;
    let programs = Programs {
        cardroom: arguments.server.clone(),
        database_url: arguments.database_url.clone(),
        folder: arguments.folder.clone(),
    };
    let kinds = if arguments.alone { &[Kind::Cardroom][..] } else { &Kind::ALL[..] };
    let rounds = Rounds { count: arguments.rounds, time: Duration::from_secs(arguments.seconds) };
    let mut holds = true;
    for shape in SHAPES.iter().filter(|_| !arguments.idle_only) {
        holds &= compare::compare(kinds, &programs, *shape, rounds).await?;
    }
    if arguments.idle > 0 {
        holds &= idle(kinds, &programs, arguments.idle).await?;
    }
    Ok(holds)
}

async fn idle(kinds: &[Kind], programs: &Programs, sockets: usize) -> Result<bool> {
    println!("\n{sockets} idle sockets, each in a room of {IDLE_MEMBERS}");
    let mut holds = true;
    for &kind in kinds.iter().filter(|it| **it != Kind::Floor) {
        let running = kind.start(programs, sockets / IDLE_MEMBERS).await?;
        // One room first, so that memory that is allocated once does not count.
        let few =
            Clients::gather(kind.protocol(), running.address, &running.rooms[..1], 50).await?;
        sleep(Duration::from_secs(1)).await;
        let before = running.process.resident()?;
        let many =
            Clients::gather(kind.protocol(), running.address, &running.rooms, IDLE_MEMBERS).await?;
        sleep(Duration::from_secs(5)).await;
        let grown = running.process.resident()?.saturating_sub(before);
        let each = number(grown) / number(sockets as u64);
        println!(
            "  {:<10} {:>6.1} KB each, {:.0} MB in all",
            kind.name(),
            each / 1024.0,
            number(grown + before) / 1e6
        );
        many.received.deliveries()?;
        few.received.deliveries()?;
        if kind == Kind::Cardroom {
            holds &= claim("idle: bytes of a socket", &[each], IDLE_BYTES_MAX);
        }
    }
    Ok(holds)
}

async fn interruption() -> Result<bool> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => bail!("stopped by SIGINT"),
        _ = terminate.recv() => bail!("stopped by SIGTERM"),
    }
}
