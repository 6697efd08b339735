//! Everything there is to do with this repository besides running the server.
//!
//! One file a task; the ones that drive a release build from outside are packages of their own,
//! `probe`, `stress`, `fanout` and `tune`, so that `cargo xtask migrate` builds in seconds.

mod bench;
mod ci;
mod commands;
mod crash;
mod diff;
mod fanout;
mod interop;
mod migrate;
mod openapi;
mod probe;
mod schema;
mod server;
mod stop;
mod stress;
mod structure;
mod tally;
mod test;
mod tune;

use std::env;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// Everything there is to do with this repository besides running the server (`cargo run`).
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    Test(test::Arguments),
    #[command(subcommand)]
    Migrate(migrate::Task),
    Openapi(openapi::Arguments),
    Smoke(probe::SmokeArguments),
    Bench(bench::Arguments),
    Crash(crash::Arguments),
    Stop(stop::Arguments),
    Stress(stress::Arguments),
    Fanout(fanout::Arguments),
    Tune(tune::Arguments),
    Structure(structure::Arguments),
    /// Measure how fast the server starts and how little memory it needs.
    ///
    /// Builds the release binary, starts it twenty times on a migrated SQLite file, and fails
    /// when the median start or the idle memory misses its target.
    Footprint,
    /// Check everything that has to hold before a change goes in: what CI runs.
    ///
    /// Cheap checks come first and the first failure ends it. `.ci/run` installs what this needs.
    Ci,
}

#[tokio::main]
async fn main() -> ExitCode {
    let task = Task::parse();
    // Ctrl-c reaches `stress` as well, which then says what it measured and ends by itself.
    let ends_by_itself = matches!(task, Task::Stress(_));
    // A signal drops the task, and with it whatever the task has started.
    let outcome = tokio::select! {
        biased;
        outcome = interruption(ends_by_itself) => outcome,
        outcome = run(task) => outcome,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(ended) = error.downcast_ref::<stress::Ended>() {
                return ended.0.into();
            }
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(task: Task) -> Result<()> {
    env::set_current_dir(commands::root())?;
    match task {
        Task::Test(arguments) => test::run(arguments).await,
        Task::Migrate(task) => migrate::run(task).await,
        Task::Openapi(arguments) => openapi::run(&arguments).await,
        Task::Smoke(arguments) => probe::smoke(&arguments).await,
        Task::Bench(arguments) => bench::run(&arguments).await,
        Task::Crash(arguments) => crash::run(&arguments).await,
        Task::Stop(arguments) => stop::run(&arguments).await,
        Task::Stress(arguments) => stress::run(&arguments).await,
        Task::Fanout(arguments) => fanout::run(&arguments).await,
        Task::Tune(arguments) => tune::run(&arguments.words).await,
        Task::Structure(arguments) => structure::run(&arguments).await,
        Task::Footprint => probe::footprint().await,
        Task::Ci => ci::run().await,
    }
}

async fn interruption(ends_by_itself: bool) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv(), if !ends_by_itself => bail!("stopped by SIGINT"),
        _ = terminate.recv() => bail!("stopped by SIGTERM"),
    }
}
