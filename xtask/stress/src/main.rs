//! Puts a running server under load, and says how it held, or that it cannot say; `cargo xtask
//! stress` builds and calls it.

mod ab;
mod arguments;
mod arrivals;
mod compare;
mod engine;
mod evidence;
mod exit;
mod figures;
mod hash;
mod interruption;
mod ladder;
mod machine;
mod metrics;
mod objective;
mod outputs;
mod person;
mod processors;
mod progress;
mod record;
mod report;
mod scenario;
mod session;
mod slo;
mod slowness;
mod spawn;
mod stage;
mod statistics;
mod table;
mod talk;
mod tally;
mod target;
#[cfg(test)]
mod tests;
mod validity;
mod verify;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Error, Result};
use clap::Parser as _;

use arguments::{Arguments, RunArguments, Task};
use exit::Exit;
use interruption::Interrupted;
use probe::server::Server;
use record::Run;
use slo::Slo;

/// The load tool shares the cores with the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = run(Arguments::parse()).await;
    outcome.unwrap_or_else(|error| ended(&error)).into()
}

/// How a run ended that came to no end of its own.
fn ended(error: &Error) -> Exit {
    if error.is::<Interrupted>() {
        eprintln!("{error}");
        return Exit::Interrupted;
    }
    eprintln!("error: {error:#}");
    Exit::Broken
}

async fn run(Arguments { task, run }: Arguments) -> Result<Exit> {
    let interruption = interruption::watched()?;
    let Some(task) = task else { return stress(&run, interruption).await };
    tokio::select! {
        biased;
        () = interruption => Err(Interrupted.into()),
        outcome = carry_out(task, &run) => outcome,
    }
}

async fn carry_out(task: Task, run: &RunArguments) -> Result<Exit> {
    match task {
        Task::List => list(run),
        Task::Report { run } => report(&run),
        Task::Compare { before, after } => {
            let comparison = compare::compare(&Run::read(&before)?, &Run::read(&after)?);
            print!("{}", comparison.text);
            Ok(comparison.exit)
        }
        Task::Promote { run } => compare::promote(&run),
        Task::Ab(arguments) => ab::run(&arguments).await,
        Task::Hash { cost } => {
            println!("{:.1}", hash::rate(cost)?);
            Ok(Exit::Passed)
        }
    }
}

/// Puts a server under load, stores what was measured, and prints it.
async fn stress(arguments: &RunArguments, interruption: impl Future<Output = ()>) -> Result<Exit> {
    let slo = Slo::read(&arguments.slo)?;
    let mut spawned = match spawn::target(arguments) {
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
        // Ctrl-c reached the server as well, which then ends in its own way.
        if !run.is_interrupted {
            stopped?;
        }
    }
    let folder = arguments.out.join(run.started.replace([':', '-'], ""));
    outputs::write(&run, &folder)?;
    if let Some(file) = &arguments.write {
        let before = fs::read_to_string(file).unwrap_or_default();
        fs::write(file, figures::page(&run, &before))?;
    }
    if arguments.github {
        outputs::github(&run)?;
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&run)?);
    } else {
        print!("{}", table::render(&run));
        println!("\n files      {}    exit {}", folder.display(), run.exit().code());
    }
    if arguments.baseline && run.exit() == Exit::Passed {
        let comparison = compare::with_baseline(&run)?;
        eprint!("{}", comparison.text);
        return Ok(comparison.exit);
    }
    Ok(run.exit())
}

/// Makes the reports of a stored run anew.
fn report(folder: &Path) -> Result<Exit> {
    let run = Run::read(folder)?;
    outputs::write(&run, folder)?;
    print!("{}", table::render(&run));
    Ok(run.exit())
}

fn list(arguments: &RunArguments) -> Result<Exit> {
    let slo = Slo::read(&arguments.slo)?;
    for scenario in scenario::ALL {
        println!("{:<10} {}", scenario.name(), scenario.about());
        let objectives = slo.scenario.get(scenario.name()).map(|it| &it.objectives);
        for objective in objectives.into_iter().flatten() {
            println!("{:<10}   {objective}", "");
        }
    }
    println!("{:<10} people talk in rooms over sockets, as the web app does", session::REALTIME);
    let objectives = slo.scenario.get(session::REALTIME).map(|it| &it.objectives);
    for objective in objectives.into_iter().flatten() {
        println!("{:<10}   {objective}", "");
    }
    Ok(Exit::Passed)
}
