//! `docs/PERFORMANCE.md`: the figures of one run on each database, as tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::record::{Run, Section};
use crate::table::interval;

const HEAD: &str = "\
<!-- Written by `cargo xtask stress figures --write docs/PERFORMANCE.md`, and again with `--db postgres`. -->
# Performance

The figures that the service is held to, measured on each database in one run with the load tool beside the
server. Absolute figures move with the machine; ratios are taken within the run. Start and idle
memory are measured by `cargo xtask footprint`, what survives `kill -9` by `cargo xtask survive`.
";

/// The beginning of the part of a database.
const PART: &str = "\n## On ";

/// The page, with the part of `run` for its database and the part of `before` for the other one.
pub(crate) fn page(run: &Run, before: &str) -> String {
    let mut parts: BTreeMap<&str, String> = before
        .split(PART)
        .skip(1)
        .filter_map(|part| Some((part.lines().next()?, part.to_owned())))
        .collect();
    parts.insert(&run.server.database, part(run));
    parts.values().fold(HEAD.to_owned(), |page, part| page + PART + part)
}

fn part(run: &Run) -> String {
    let machine = &run.machine;
    let mut part = format!(
        "{}\n\n{}, commit {}: {}, {} cores, {} GiB, Linux {}.\n\n\
         | figure | asked | measured | 95 % interval | |\n|---|---|---|---|---|\n",
        run.server.database,
        run.started,
        run.commit,
        machine.processor,
        machine.cores,
        machine.memory_mib.div_ceil(1024),
        machine.kernel,
    );
    run.sections.iter().for_each(|section| rows(&mut part, section));
    part.push('\n');
    for it in &run.findings {
        let lost =
            if it.holds() { String::new() } else { format!(", **{} lost or wrong**", it.faults) };
        let _ = writeln!(part, "- {} {}{lost}", it.checked, it.about);
    }
    part
}

/// The rows of one load, marked where it was invalid.
fn rows(part: &mut String, section: &Section) {
    let spoiled = section.checks.iter().chain(&section.standstill).filter(|it| !it.ok);
    let spoiled = spoiled
        .map(|it| format!(" (invalid: {} {})", it.name, it.value))
        .collect::<Vec<_>>()
        .concat();
    let held = |ok: bool| if ok { "held" } else { "**missed**" };
    let name = &section.name;
    for it in &section.verdicts {
        let objective = &it.objective;
        let value = it.value.map_or("nothing".to_owned(), |value| objective.metric.show(value));
        let (interval, held) = (interval(it), held(it.pass));
        let _ =
            writeln!(part, "| {name} | `{objective}` | {value} | {interval} | {held}{spoiled} |");
    }
    for it in &section.claims {
        let (claim, value, limit, held) = (&it.name, &it.value, &it.limit, held(it.ok));
        let _ = writeln!(part, "| {claim} | {limit} | {value} | | {held}{spoiled} |");
    }
}
