//! Comparison of two runs, and of a run with the baseline of its class of machine.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context as _, Result};

use crate::exit::Exit;
use crate::load::Model;
use crate::objective::show_micros;
use crate::record::{Run, Section};
use crate::statistics::{quantile_ranks, real};
use crate::times::Times;

/// A regression is worse by more than this, and its interval is apart from the earlier one.
const WORSE: f64 = 1.15;

/// And worse by more than this, in microseconds: tiny figures vary.
const WORSE_MICROS: f64 = 2000.0;

/// The result of a comparison.
pub(crate) struct Comparison {
    pub(crate) exit: Exit,
    pub(crate) text: String,
}

/// The 95th percentile with its interval.
#[derive(Clone, Copy)]
struct P95 {
    value: f64,
    low: f64,
    high: f64,
}

/// Compares the loads that both runs have. Runs that differ in more than the code are not compared.
pub(crate) fn compare(before: &Run, after: &Run) -> Comparison {
    let differences = differences(before, after);
    if !differences.is_empty() {
        let text = format!("not comparable: {}\n", differences.join("; "));
        return Comparison { exit: Exit::Invalid, text };
    }
    let mut exit = Exit::Passed;
    let mut text = format!("{} before, {} after\n", before.commit, after.commit);
    for section in &after.sections {
        let Some(earlier) = before.sections.iter().find(|it| same(it, section)) else { continue };
        for (step, tally) in &section.recording.steps {
            let Some(then) = earlier.recording.steps.get(step) else { continue };
            let (Some(old), Some(new)) = (p95(&then.response), p95(&tally.response)) else {
                continue;
            };
            let verdict = judge(old, new);
            if verdict == "WORSE" {
                exit = Exit::Regressed;
            }
            let change = (new.value / old.value - 1.0) * 100.0;
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "  {:<10} {step:<10} p95 {:>8} -> {:>8} [{}, {}]  {change:+.0} %  {verdict}",
                section.name,
                show_micros(old.value),
                show_micros(new.value),
                show_micros(new.low),
                show_micros(new.high),
            );
        }
    }
    Comparison { exit, text }
}

fn judge(old: P95, new: P95) -> &'static str {
    let worse = new.value > (old.value * WORSE).max(old.value + WORSE_MICROS);
    let better = old.value > (new.value * WORSE).max(new.value + WORSE_MICROS);
    if old.high.is_infinite() {
        return "too few before to tell";
    }
    match (new.low > old.high, new.high < old.low) {
        (true, _) if worse => "WORSE",
        (_, true) if better => "better",
        _ => "unchanged",
    }
}

fn p95(times: &Times) -> Option<P95> {
    let value = real(times.quantile(0.95)?);
    let (low, high) = quantile_ranks(times.count(), 0.95);
    let at = |rank: Option<u64>| rank.and_then(|it| times.at_rank(it)).map(real);
    Some(P95 { value, low: at(low).unwrap_or(0.0), high: at(high).unwrap_or(f64::INFINITY) })
}

/// Differences other than the code.
fn differences(before: &Run, after: &Run) -> Vec<String> {
    let pairs = [
        ("machine", before.machine.class(), after.machine.class()),
        ("database", before.server.database.clone(), after.server.database.clone()),
        ("profile", before.server.profile.clone(), after.server.profile.clone()),
    ];
    let mut all: Vec<_> = pairs
        .into_iter()
        .filter(|(_, before, after)| before != after)
        .map(|(what, before, after)| format!("{what} {before} and {after}"))
        .collect();
    for run in [before, after] {
        all.extend(run.invalid().map(|(section, it)| format!("{section} is invalid: {}", it.name)));
    }
    if !after.sections.iter().any(|it| before.sections.iter().any(|other| same(it, other))) {
        all.push("no load of one is in the other".to_owned());
    }
    all
}

/// Whether two sections are of the same load; the number of bursts may differ.
fn same(one: &Section, other: &Section) -> bool {
    let model = match (one.model, other.model) {
        (Model::Burst, Model::Burst) => true,
        (one, other) => one == other,
    };
    model && one.scenario == other.scenario && one.users == other.users
}

/// The file of the baseline for runs like this.
pub(crate) fn baseline(run: &Run) -> PathBuf {
    let names: Vec<_> = run.sections.iter().map(|it| it.name.replace(' ', "-")).collect();
    let name = format!("{}-{}.json", run.server.database, names.join("-"));
    Path::new("perf/baselines").join(run.machine.class()).join(name)
}

/// Stores a run as a baseline, without the data that only plots need.
pub(crate) fn promote(folder: &Path) -> Result<Exit> {
    let mut run = Run::read(folder)?;
    if run.exit() != Exit::Passed {
        eprintln!("error: only a run that passed can be a baseline");
        return Ok(run.exit());
    }
    for section in &mut run.sections {
        section.recording.slots.all.clear();
        section.recording.timeline.clear();
        section.cost.waits.clear();
    }
    let file = baseline(&run);
    let parent = file.parent().context("no folder")?;
    fs::create_dir_all(parent)?;
    fs::write(&file, serde_json::to_string_pretty(&run)? + "\n")?;
    println!("{} is the baseline now", env::current_dir()?.join(file).display());
    Ok(Exit::Passed)
}

/// Compares a run with its baseline.
pub(crate) fn with_baseline(run: &Run) -> Result<Comparison> {
    let file = baseline(run);
    if !file.exists() {
        let text = format!("not comparable: there is no {}\n", file.display());
        return Ok(Comparison { exit: Exit::Invalid, text });
    }
    Ok(compare(&Run::read(&file)?, run))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(value: f64, around: f64) -> P95 {
        P95 { value, low: value - around, high: value + around }
    }

    #[test]
    fn worse_is_more_than_noise() {
        assert_eq!(judge(p(20_000.0, 500.0), p(30_000.0, 500.0)), "WORSE");
        assert_eq!(judge(p(30_000.0, 500.0), p(20_000.0, 500.0)), "better");
        assert_eq!(judge(p(20_000.0, 9000.0), p(30_000.0, 9000.0)), "unchanged", "intervals meet");
        assert_eq!(judge(p(20_000.0, 10.0), p(22_000.0, 10.0)), "unchanged", "a tenth");
        let few = P95 { value: 1.0, low: 0.0, high: f64::INFINITY };
        assert_eq!(judge(few, p(30_000.0, 1.0)), "too few before to tell");
        assert_eq!(judge(p(300.0, 1.0), p(900.0, 1.0)), "unchanged", "less than a millisecond");
    }
}
