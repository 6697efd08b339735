//! The result on one screen.

use std::fmt::Write as _;

use settings::Profile as Env;

use crate::calibration::{Calibration, HASH_COST, Operation};
use crate::solve::{Burst, Capacity, Fault, Solution};
use crate::target::{Database, Platform, Target};

pub(crate) fn render(
    env: Env,
    target: &Target,
    calibration: &Calibration,
    solution: &Solution,
) -> String {
    let mut text = String::new();
    measured(&mut text, calibration);
    wanted(&mut text, env, target);
    for (place, number) in solution.numbers.iter().enumerate() {
        let name = if place == 0 { "solved" } else { "" };
        line(&mut text, name, &format!("{} = {}", number.key, number.value));
        for reason in [&number.why].into_iter().chain(&number.follows) {
            line(&mut text, "", &format!("  {reason}"));
        }
    }
    let it = &solution.deployment;
    let memory =
        format!("{} cores, {} MiB ({} needed)", it.cores, it.memory_mib, it.memory_needed_mib);
    let deployed = match target.platform {
        Platform::Machine => format!("one process, {memory}"),
        Platform::CloudRun => format!(
            "{} to {} instances ({} needed), concurrency {}, {memory}",
            it.instances_min, it.instances_max, it.instances_needed, it.concurrency
        ),
    };
    line(&mut text, "deployed", &deployed);
    predicted(&mut text, solution);
    for Fault { what, ways_out } in &solution.faults {
        line(&mut text, "INFEASIBLE", what);
        for way in ways_out {
            line(&mut text, "", &format!("-> {way}"));
        }
    }
    text
}

fn line(text: &mut String, name: &str, rest: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, " {name:<11} {rest}");
}

fn measured(text: &mut String, it: &Calibration) {
    let rates: Vec<_> = it.hashes.iter().map(|rate| format!("{rate:.1}")).collect();
    let about = format!("{}, {} cores, {}, {}", it.machine, it.cores, it.database, it.date);
    line(text, "measured", &about);
    let hashes = format!("hashes/s of cost {HASH_COST} by 1, 2, ... threads: {}", rates.join(", "));
    line(text, "", &hashes);
    for (name, operation) in [("save", &it.save), ("join", &it.join), ("read", &it.read)] {
        let Operation { server_us, database_us, commit_ms, .. } = operation;
        let demands = format!(
            "{name} {:.0}/s; {server_us:.0} us of a core, {database_us:.0} in the database, commit \
             {commit_ms:.1} ms",
            operation.best()
        );
        line(text, "", &demands);
    }
}

fn wanted(text: &mut String, env: Env, target: &Target) {
    let platform = match target.platform {
        Platform::Machine => "a machine",
        Platform::CloudRun => "Cloud Run",
    };
    let database = match &target.database {
        Database::Sqlite => "SQLite".to_owned(),
        Database::Postgres(it) => {
            let limits = it.limits();
            let pooler = if it.pooler_clients > 0 { " through its pooler" } else { "" };
            format!(
                "{}{pooler}: {} - {} reserved - {} others - 4 = {}",
                it.plan,
                limits.connections,
                limits.reserved,
                limits.others,
                limits.budget()
            )
        }
    };
    line(text, "for", &format!("{env}: {platform}, {} cores; {database}", target.cores));
}

/// In percent: how far off a curve may be at the level that was left out of the fit.
const NOISE_MAX: f64 = 15.0;

fn predicted(text: &mut String, solution: &Solution) {
    let it = &solution.predicted;
    for (name, capacity) in [("save", &it.save), ("join", &it.join), ("read", &it.read)] {
        let Capacity { target, here, bottleneck, model, held_out_percent, p95_ms } = capacity;
        let words = format!(
            "{name} {target:.0}/s there, {here:.0}/s here (by {bottleneck}; {model}, held out \
             {held_out_percent:+.1} %), p95 {p95_ms:.1} ms at 70 %"
        );
        line(text, if name == "save" { "predicted" } else { "" }, &words);
    }
    let noise = [&it.save, &it.join, &it.read].map(|it| it.held_out_percent.abs());
    if noise.iter().any(|it| *it > NOISE_MAX) {
        line(
            text,
            "",
            "no curve predicted its top level: was the machine idle otherwise? measure again",
        );
    }
    let bursts = [("save", it.save_burst), ("join", it.join_burst), ("log-in", it.log_in_burst)];
    let bursts = bursts.map(|(name, Burst { people, low, p95, high })| {
        format!("{name} x {people} {p95:.0} [{low:.0}, {high:.0}]")
    });
    line(text, "", &format!("p95 of bursts here, ms: {}", bursts.join(", ")));
}
