//! The tasks of this repository other than running the server.
//!
//! One file for each task. Those that drive a release build from outside are packages of their own, `stress`,
//! `fanout` and `tune`, so that `cargo xtask migrate` builds in seconds; `tools` builds and calls them.

mod ci;
mod commands;
mod diff;
mod fuzz;
mod interop;
mod migrate;
mod openapi;
mod schema;
mod server;
mod structure;
mod tally;
mod test;
mod tools;

use std::env;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use tools::{On, Tool, Words};

/// The tasks of this repository other than running the server (`cargo run`).
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    Test(test::Arguments),
    Fuzz(fuzz::Arguments),
    #[command(subcommand)]
    Migrate(migrate::Task),
    Openapi(openapi::Arguments),
    /// Start the release build, put it under load for a few seconds, and check every answer.
    ///
    /// `cargo xtask stress --gate smoke` on each database.
    Smoke(On),
    /// Measure saves, joins and heartbeats a second, on PostgreSQL beside `pgbench`.
    ///
    /// `cargo xtask stress bench` on each database. Absolute figures move with the machine.
    Bench(On),
    /// Put the release build under load, and report whether it met its objectives.
    ///
    /// `cargo xtask stress --help` lists the options.
    Stress(Words),
    /// End the server under load, again and again, and check what survived.
    ///
    /// `--signal kill` or `--signal term`; `cargo xtask survive --help` lists the options.
    Survive(Words),
    #[command(hide = true)]
    Crash(Words),
    #[command(hide = true)]
    Stop(Words),
    /// Measure what a broadcast costs, beside `ws` and Socket.IO in the same run.
    ///
    /// One room of 500 and 100 rooms of 5, at saturation and at half load; then 10,000 idle sockets. The
    /// servers have the first core, one after the other, and the tool has the second. Takes seven minutes,
    /// and needs Node and 25,000 open files.
    Fanout(Words),
    /// Compute the profiles from measurements, explain them, and prove that they fit.
    ///
    /// `cargo xtask tune --help` lists the options.
    Tune(Words),
    Structure(structure::Arguments),
    /// Measure how fast the server starts and how little memory it needs.
    ///
    /// Builds the release binary, starts it twenty times on a migrated SQLite file, and fails
    /// when the median start or the idle memory misses its target.
    Footprint(Words),
    /// Check everything that has to hold before a change goes in: what CI runs.
    ///
    /// Cheap checks come first and the first failure ends it. `.ci/run` installs what this needs.
    Ci,
}

#[tokio::main]
async fn main() -> ExitCode {
    let task = Task::parse();
    // Ctrl-c reaches `stress` as well, which then reports what it measured and ends.
    let ends_by_itself = matches!(task, Task::Stress(_) | Task::Survive(_));
    // A signal drops the task, and with it every process that it has started.
    let outcome = tokio::select! {
        biased;
        outcome = interruption(ends_by_itself) => outcome,
        outcome = run(task) => outcome,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(ended) = error.downcast_ref::<tools::Ended>() {
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
        Task::Fuzz(arguments) => fuzz::run(arguments).await,
        Task::Migrate(task) => migrate::run(task).await,
        Task::Openapi(arguments) => openapi::run(&arguments).await,
        Task::Smoke(on) => Tool::short("--gate smoke --allow-busy", &on).await,
        Task::Bench(on) => Tool::short("bench --allow-busy", &on).await,
        Task::Stress(words) => Tool::Stress.run_words(&words).await,
        Task::Survive(words) => Tool::stress("survive", &words).await,
        Task::Crash(words) => renamed("crash", "survive --signal kill", &words).await,
        Task::Stop(words) => renamed("stop", "survive --signal term", &words).await,
        Task::Fanout(words) => Tool::Fanout.run_words(&words).await,
        Task::Tune(words) => Tool::Tune.run_words(&words).await,
        Task::Structure(arguments) => structure::run(&arguments).await,
        Task::Footprint(words) => Tool::stress("footprint", &words).await,
        Task::Ci => ci::run().await,
    }
}

/// Runs a task by its new name.
async fn renamed(before: &str, now: &str, words: &Words) -> Result<()> {
    eprintln!("`cargo xtask {before}` is now `cargo xtask {now}`");
    Tool::stress(now, words).await
}

async fn interruption(ends_by_itself: bool) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv(), if !ends_by_itself => bail!("stopped by SIGINT"),
        _ = terminate.recv() => bail!("stopped by SIGTERM"),
    }
}
