//! Measures what a broadcast costs on this server, on a plain `ws` server and on Socket.IO, in one
//! run on one machine; `cargo xtask fanout` builds and calls it.
//!
//! Absolute figures move with the machine; ratios of one run are what counts.

mod crowd;
mod frames;
mod load;
mod servers;
mod wire;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;
use tokio::time::sleep;

use crowd::Crowd;
use load::{Figures, Pace, number};
use servers::{Kind, Programs};

/// Rooms and members of each.
const SHAPES: [(usize, usize); 2] = [(1, 500), (100, 5)];

/// Members of a room of idle sockets.
const IDLE_MEMBERS: usize = 5;

/// Most that a delivery may cost, of what it costs `ws`.
const COST_MAX: f64 = 0.6;

/// Most that an idle socket may keep, in bytes.
const IDLE_BYTES_MAX: f64 = 8.0 * 1024.0;

/// Measures what a broadcast costs, here and elsewhere.
#[derive(Debug, Parser)]
struct Arguments {
    /// The release build of the server.
    cardroom: PathBuf,
    /// Where the packages of the other servers are installed.
    folder: PathBuf,
    /// A migrated database that nobody else uses.
    #[arg(long, env, hide_env_values = true)]
    database_url: String,
    /// Seconds of each load.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Sockets that only are there; 0: do not look at them.
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

/// Says whether everything is as it should be.
async fn run(arguments: &Arguments) -> Result<bool> {
    servers::pin(None, 1)?;
    let programs = Programs {
        cardroom: arguments.cardroom.clone(),
        database_url: arguments.database_url.clone(),
        folder: arguments.folder.clone(),
    };
    let kinds = if arguments.alone { &Kind::ALL[2..] } else { &Kind::ALL[..] };
    let mut holds = true;
    for shape in SHAPES.iter().filter(|_| !arguments.idle_only) {
        holds &= compare(kinds, &programs, *shape, Duration::from_secs(arguments.seconds)).await?;
    }
    if arguments.idle > 0 {
        holds &= idle(kinds, &programs, arguments.idle).await?;
    }
    Ok(holds)
}

async fn compare(
    kinds: &[Kind],
    programs: &Programs,
    (rooms, members): (usize, usize),
    time: Duration,
) -> Result<bool> {
    println!("\n{rooms} rooms of {members}, {} bytes", wire::PAYLOAD_BYTES);
    println!(
        "  server     load        deliveries/s  us each  of it kernel   p50 ms   p99 ms  cores  tool"
    );
    let mut full = Vec::new();
    let mut half = Vec::new();
    for &kind in kinds {
        let running = kind.start(programs, rooms).await?;
        let crowd = Crowd::gather(kind.wire(), running.address, &running.rooms, members).await?;
        let figures = load::run(&crowd, &running.process, Pace::Saturation, time).await?;
        show(kind, "saturation", figures);
        full.push(figures);
        // Half of what the first can do, for everybody.
        let pace = Pace::Deliveries(full[0].rate / 2.0);
        let figures = load::run(&crowd, &running.process, pace, time).await?;
        show(kind, "half load", figures);
        half.push(figures);
    }
    if kinds.len() < Kind::ALL.len() {
        return Ok(true);
    }
    Ok(judge("saturation", &full) & judge("half load", &half))
}

fn show(kind: Kind, load: &str, figures: Figures) {
    let Figures { rate, micros, kernel_micros, cores: [server, ours], p50, p99 } = figures;
    println!(
        "  {:<10} {load:<10} {rate:>13.0} {micros:>8.2} {kernel_micros:>13.2} {p50:>8.2} {p99:>8.2} {server:>6.2} {ours:>5.2}",
        kind.name(),
    );
}

/// Compares ours, the last, with the others.
fn judge(load: &str, all: &[Figures]) -> bool {
    let [ws, socket_io, ours] = all else { return true };
    let mut holds = claim(
        &format!("{load}: processor time of a delivery, of that of ws"),
        ours.micros / ws.micros,
        COST_MAX,
    );
    for (name, other) in [("ws", ws), ("socket.io", socket_io)] {
        if load == "saturation" {
            holds &= claim(
                &format!("{load}: deliveries/s of {name}, of ours"),
                other.rate / ours.rate,
                1.0,
            );
        }
        holds &= claim(&format!("{load}: p99, of that of {name}"), ours.p99 / other.p99, 1.0);
    }
    holds
}

/// Something that has to be at most so much.
fn claim(name: &str, value: f64, most: f64) -> bool {
    let held = value <= most;
    println!(
        "  {} {name}: {value:.2}, must be at most {most}",
        if held { "HELD  " } else { "MISSED" }
    );
    held
}

async fn idle(kinds: &[Kind], programs: &Programs, sockets: usize) -> Result<bool> {
    println!("\n{sockets} idle sockets, each in a room of {IDLE_MEMBERS}");
    let mut holds = true;
    for &kind in kinds {
        let running = kind.start(programs, sockets / IDLE_MEMBERS).await?;
        // One room first, so that what is made once is there.
        let few = Crowd::gather(kind.wire(), running.address, &running.rooms[..1], 50).await?;
        sleep(Duration::from_secs(1)).await;
        let before = running.process.resident()?;
        let many =
            Crowd::gather(kind.wire(), running.address, &running.rooms, IDLE_MEMBERS).await?;
        sleep(Duration::from_secs(5)).await;
        let grown = running.process.resident()?.saturating_sub(before);
        let each = number(grown) / number(sockets as u64);
        println!(
            "  {:<10} {:>6.1} KB each, {:.0} MB in all",
            kind.name(),
            each / 1024.0,
            number(grown + before) / 1e6
        );
        many.heard.deliveries()?;
        few.heard.deliveries()?;
        if kind == Kind::Cardroom {
            holds &= claim("idle: bytes of a socket", each, IDLE_BYTES_MAX);
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
