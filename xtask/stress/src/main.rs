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

use anyhow::Result;
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

use arguments::{Arguments, RunArguments, Task};
use exit::Exit;
use probe::server::Server;
use record::Run;
use slo::Slo;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A signal drops the run, and with it the server.
    let outcome = tokio::select! {
        biased;
        outcome = interruption() => outcome,
        outcome = run(arguments) => outcome,
    };
    outcome
        .unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Exit::Broken
        })
        .into()
}

async fn run(arguments: Arguments) -> Result<Exit> {
    match arguments.task {
        None => stress(&arguments.run).await,
        Some(Task::List) => list(&arguments.run),
        Some(Task::Report { run }) => report(&run),
        Some(Task::Compare { before, after }) => {
            let comparison = compare::compare(&Run::read(&before)?, &Run::read(&after)?);
            print!("{}", comparison.text);
            Ok(comparison.exit)
        }
        Some(Task::Promote { run }) => compare::promote(&run),
        Some(Task::Ab(arguments)) => ab::run(&arguments).await,
        Some(Task::Hash { cost }) => {
            println!("{:.1}", hash::rate(cost)?);
            Ok(Exit::Passed)
        }
    }
}

/// Puts a server under load, stores what was measured, and prints it.
async fn stress(arguments: &RunArguments) -> Result<Exit> {
    let slo = Slo::read(&arguments.slo)?;
    let mut spawned = match spawn::target(arguments) {
        Ok(spawned) => spawned,
        Err(error) => {
            eprintln!("error: {error:#}");
            return Ok(Exit::NoTarget);
        }
    };
    let pid = spawned.process.as_ref().map(Server::pid);
    let run = session::run(arguments, &slo, spawned.target, spawned.server, pid).await?;
    if let Some(process) = spawned.process.take() {
        process.stop().await?;
    }
    let folder = arguments.out.join(run.started.replace([':', '-'], ""));
    outputs::write(&run, &folder)?;
    if let Some(file) = &arguments.write {
        fs::write(file, figures::markdown(&run))?;
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

async fn interruption() -> Result<Exit> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    eprintln!("interrupted");
    Ok(Exit::Interrupted)
}
