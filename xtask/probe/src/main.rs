//! Watches a running server from outside; `cargo xtask smoke` and `cargo xtask footprint` build
//! and call it.

mod figures;
mod footprint;
mod server;
mod smoke;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

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
