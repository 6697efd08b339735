//! The program: parses the command line, runs it, and exits with the status of the outcome.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::{Arguments, RunArguments, Task};
use crate::exit::Exit;
use crate::record::Run;
use crate::server::Server;
use crate::session::{self, Interrupted};
use crate::slo::Slo;
use crate::{ab, compare, figures, footprint, hash, outputs, spawn, survive, table};

/// Runs the program with the arguments of the process.
pub async fn main() -> ExitCode {
    let mut words: Vec<_> = std::env::args_os().collect();
    if words.get(1).is_some_and(|it| it == "needs") {
        words.remove(1);
        Arguments::parse_from(words).needs().print();
        return ExitCode::SUCCESS;
    }
    let outcome = run(Arguments::parse()).await;
    outcome.unwrap_or_else(|error| ended(&error)).into()
}

/// The status of a run that ended with an error.
fn ended(error: &anyhow::Error) -> Exit {
    if error.is::<Interrupted>() {
        eprintln!("{error}");
        return Exit::Interrupted;
    }
    eprintln!("error: {error:#}");
    Exit::Broken
}

async fn run(Arguments { task, run }: Arguments) -> Result<Exit> {
    let interruption = interruption()?;
    let Some(task) = task else { return stress(&run, interruption).await };
    tokio::select! {
        biased;
        () = interruption => Err(Interrupted.into()),
        outcome = carry_out(task, &run) => outcome,
    }
}

/// Waits for SIGINT or SIGTERM, which from now on do not end the process.
fn interruption() -> Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

async fn carry_out(task: Task, run: &RunArguments) -> Result<Exit> {
    match task {
        Task::List => list(&Slo::read(&run.slo)?),
        Task::Report { run } => report(&run)?,
        Task::Compare { before, after } => {
            let comparison = compare::compare(&Run::read(&before)?, &Run::read(&after)?);
            print!("{}", comparison.text);
            return Ok(comparison.exit);
        }
        Task::Promote { run } => return compare::promote(&run),
        Task::Ab(arguments) => return ab::run(&arguments).await,
        Task::Survive(arguments) => survive::run(&arguments).await?,
        Task::Footprint { starts, program } => {
            let server = program.server.context("call it as `cargo xtask footprint`")?;
            footprint::run(&server, starts).await?;
        }
        Task::Hash { cost } => println!("{:.1}", hash::rate_of_all_cores(cost)?),
    }
    Ok(Exit::Passed)
}

/// Puts a server under load, stores what was measured, and prints it.
async fn stress(arguments: &RunArguments, interruption: impl Future<Output = ()>) -> Result<Exit> {
    let slo = Slo::read(&arguments.slo)?;
    let mut spawned = match spawn::target(arguments).await {
        Ok(spawned) => spawned,
        Err(error) => {
            eprintln!("error: {error:#}");
            return Ok(Exit::NoTarget);
        }
    };
    let pid = spawned.process.as_ref().map(Server::pid);
    let session = session::run(arguments, &slo, spawned.target, spawned.server, pid, interruption);
    let run = session.await?;
    if let Some(process) = spawned.process.take() {
        let stopped = process.stop().await;
        // Ctrl-c reaches the server as well; and one that is gone cannot be stopped.
        if !run.is_interrupted && run.fault.is_none() {
            stopped?;
        }
    }
    publish(arguments, &run)?;
    if arguments.baseline && run.exit() == Exit::Passed {
        let comparison = compare::with_baseline(&run)?;
        eprint!("{}", comparison.text);
        return Ok(comparison.exit);
    }
    Ok(run.exit())
}

/// Writes and prints a run.
fn publish(arguments: &RunArguments, run: &Run) -> Result<()> {
    let folder = arguments.out.join(run.started.replace([':', '-'], ""));
    outputs::write(run, &folder)?;
    if let Some(file) = &arguments.write {
        let before = fs::read_to_string(file).unwrap_or_default();
        fs::write(file, figures::page(run, &before))?;
    }
    if arguments.github {
        outputs::github(run)?;
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(run)?);
    } else {
        print!("{}", table::render(run));
        println!("\n files      {}    exit {}", folder.display(), run.exit().code());
    }
    Ok(())
}

/// Renders the reports of a stored run again.
fn report(folder: &Path) -> Result<()> {
    let run = Run::read(folder)?;
    outputs::write(&run, folder)?;
    print!("{}", table::render(&run));
    Ok(())
}

fn list(slo: &Slo) {
    for (name, about) in session::catalog() {
        println!("{name:<10} {about}");
        let objectives = slo.scenario.get(name).map(|it| &it.objectives);
        objectives.into_iter().flatten().for_each(|it| println!("{:<10}   {it}", ""));
    }
}
