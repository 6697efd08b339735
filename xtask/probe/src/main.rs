//! Watches a running server from outside; `cargo xtask smoke`, `footprint`, `bench`, `crash` and `stop`
//! build and call it.

mod bench;
mod crash;
mod figures;
mod footprint;
mod saves;
mod smoke;
mod stop;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Parser;
use probe::{http, server};
use tokio::signal::unix::{SignalKind, signal};

/// The load generator shares the cores with the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Watches a running server from outside.
#[derive(Debug, Parser)]
enum Task {
    /// Measure how fast the server starts and how much memory it needs when idle.
    Footprint {
        /// The program of the server.
        server: PathBuf,
        /// How many starts to measure.
        #[arg(long, default_value_t = 20)]
        starts: usize,
    },
    /// Measure how fast saves, joins and heartbeats are.
    Bench {
        /// The program of the server.
        server: PathBuf,
        /// A migrated database that nobody else uses.
        #[arg(long, env)]
        database_url: String,
        /// How long each load runs, in seconds.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// Kill the server under load, again and again, and check what survived.
    Crash {
        /// The program of the server.
        server: PathBuf,
        /// A migrated database that nobody else uses.
        #[arg(long, env)]
        database_url: String,
        /// How often to kill it.
        #[arg(long, default_value_t = 100)]
        rounds: u32,
        /// Where the random moments come from; the same seed gives the same ones.
        #[arg(long)]
        seed: u64,
    },
    /// Ask the server to stop under load, again and again, and check what survived.
    Stop {
        /// The program of the server.
        server: PathBuf,
        /// A migrated database that nobody else uses.
        #[arg(long, env)]
        database_url: String,
        /// How often to stop it.
        #[arg(long, default_value_t = 50)]
        rounds: u32,
        /// Where the random moments come from; the same seed gives the same ones.
        #[arg(long)]
        seed: u64,
    },
    /// Put the server under load for a few seconds, checking every answer.
    Smoke {
        /// The program of the server.
        server: PathBuf,
        /// A migrated database that nobody else uses.
        #[arg(long, env)]
        database_url: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let task = Task::parse();
    // A signal drops the task, and with it the server.
    let outcome = tokio::select! {
        biased;
        outcome = interruption() => outcome,
        outcome = run(task) => outcome,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(task: Task) -> Result<()> {
    match task {
        Task::Footprint { server, starts } => footprint::run(&server, starts).await,
        Task::Bench { server, database_url, seconds } => {
            bench::run(&server, &database_url, Duration::from_secs(seconds)).await
        }
        Task::Crash { server, database_url, rounds, seed } => {
            crash::run(&server, &database_url, rounds, seed).await
        }
        Task::Stop { server, database_url, rounds, seed } => {
            stop::run(&server, &database_url, rounds, seed).await
        }
        Task::Smoke { server, database_url } => smoke::run(&server, &database_url).await,
    }
}

async fn interruption() -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => bail!("stopped by SIGINT"),
        _ = terminate.recv() => bail!("stopped by SIGTERM"),
    }
}
