//! Computes the profiles from measurements, proves that they fit, and verifies their predictions;
//! `cargo xtask tune` builds and calls it. The arithmetic is `capacity`.

mod arguments;
mod calibrate;
mod calibration;
mod check;
mod findings;
mod history;
mod limits;
mod page;
mod profile;
mod render;
mod runner;
mod solve;
mod summary;
mod target;
mod verify;

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Parser as _;
use settings::Profile as Env;

use arguments::{Arguments, CheckArguments, RenderArguments, Task, TuneArguments};
use calibration::Calibration;
use profile::Profile;
use target::{Database, Target};
use verify::Finding;

/// Exit statuses besides 0 and 1, when the tool itself failed. A profile breaks an invariant:
const INVARIANT: u8 = 10;
/// Others used the machine.
const DISTURBED: u8 = 12;
/// A prediction was wrong.
const WRONG: u8 = 13;
/// The target cannot carry the load.
const INFEASIBLE: u8 = 14;

#[tokio::main]
async fn main() -> ExitCode {
    let mut words: Vec<_> = std::env::args_os().collect();
    if words.get(1).is_some_and(|it| it == "needs") {
        words.remove(1);
        let needs = Arguments::parse_from(words).needs();
        return needs.map_or(ExitCode::FAILURE, |it| {
            it.print();
            ExitCode::SUCCESS
        });
    }
    let outcome = match Arguments::parse() {
        Arguments { task: None, tune } => tune_profile(&tune).await,
        Arguments { task: Some(Task::Check(it)), .. } => check(&it),
        Arguments { task: Some(Task::Verify(it)), .. } => {
            verify::run(&it).await.map(|finding| match finding {
                Finding::Right => 0,
                Finding::Disturbed => DISTURBED,
                Finding::Wrong => WRONG,
            })
        }
        Arguments { task: Some(Task::Render(it)), .. } => render(&it),
        Arguments { task: Some(Task::Report { env, out }), .. } => {
            page::write(env, &out).map(|()| 0)
        }
    };
    outcome
        .unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            1
        })
        .into()
}

fn check(arguments: &CheckArguments) -> Result<u8> {
    let envs = arguments.env.map_or(Env::ALL.to_vec(), |env| vec![env]);
    let holds = check::run(&envs)?;
    Ok(if holds { 0 } else { INVARIANT })
}

fn render(arguments: &RenderArguments) -> Result<u8> {
    if arguments.write {
        render::write()?;
    }
    if arguments.check {
        let findings = render::check()?;
        findings.faults.iter().for_each(|it| println!("{}", it.what));
        return Ok(if findings.faults.is_empty() { 0 } else { INVARIANT });
    }
    if !arguments.write {
        print!("{}", render::text(arguments.env, arguments.form)?);
    }
    Ok(0)
}

/// Measures or reuses a measurement, solves, and prints.
async fn tune_profile(arguments: &TuneArguments) -> Result<u8> {
    let profile = Profile::read(arguments.env)?;
    let target = target_of(&profile, arguments).await?;
    let calibration = match (&arguments.explain, &profile.file.data.calibration) {
        (Some(_), Some(calibration)) => calibration.clone(),
        _ => measure_or_reuse(&profile, &target, arguments).await?,
    };
    let solution = profile.solve(&target, &calibration)?;
    if let Some(key) = &arguments.explain {
        return explain(&solution, key);
    }
    print!("{}", summary::render(arguments.env, &target, &calibration, &solution));
    if arguments.write {
        let path = Profile::path(arguments.env);
        fs::write(&path, profile.text(&target, &calibration, &solution)?)?;
        println!(" wrote       {}", path.display());
    }
    Ok(if solution.faults.is_empty() { 0 } else { INFEASIBLE })
}

async fn measure_or_reuse(
    profile: &Profile,
    target: &Target,
    arguments: &TuneArguments,
) -> Result<Calibration> {
    let kind = target.database.kind();
    if arguments.reuse {
        calibrate::latest(kind).or_else(|error| {
            profile.file.data.calibration.clone().filter(|it| it.database == kind).ok_or(error)
        })
    } else {
        calibrate::run(kind, profile.lanes(target)?, &arguments.programs).await
    }
}

fn explain(solution: &solve::Solution, key: &str) -> Result<u8> {
    let Some(number) = solution.numbers.iter().find(|it| it.key == key) else {
        let keys: Vec<_> = solution.numbers.iter().map(|it| it.key).collect();
        bail!("`{key}` is not computed: {} are", keys.join(", "));
    };
    println!("{key} = {}\n  {}", number.value, number.why.replace("; ", "\n  "));
    number.follows.iter().for_each(|it| println!("  {it}"));
    Ok(0)
}

/// The target of the profile, with the changes of the command line.
async fn target_of(profile: &Profile, arguments: &TuneArguments) -> Result<Target> {
    let mut target = profile.target()?;
    if let Some(name) = &arguments.db {
        let is_url = limits::is_url(name);
        target.database =
            if is_url { limits::of(name).await.context("--db")? } else { Database::named(name)? };
    }
    if let (Database::Postgres(it), true) = (&mut target.database, arguments.no_pooler) {
        it.pooler_clients = 0;
    }
    let TuneArguments { cpu, memory, max_instances, rate, sockets, log_ins, .. } = arguments;
    target.cores = cpu.unwrap_or(target.cores);
    target.memory_mib = memory.unwrap_or(target.memory_mib);
    target.instances_max = max_instances.unwrap_or(target.instances_max);
    target.rate = rate.unwrap_or(target.rate);
    target.sockets = sockets.unwrap_or(target.sockets);
    target.log_ins = log_ins.unwrap_or(target.log_ins);
    target.log_in_objective_ms = arguments.log_in_objective.unwrap_or(target.log_in_objective_ms);
    Ok(target)
}
