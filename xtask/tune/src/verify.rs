//! `tune verify`: does the server do what its profile predicts, and does it keep its manners beyond?

mod table;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::arguments::{Programs, VerifyArguments};
use crate::calibration::real;
use crate::here;
use crate::history::{self, Entry};
use crate::profile::Profile;
use crate::solve::{Burst, Capacity, Predicted, bottleneck};
use crate::stress::{self, Section};
use crate::target::Target;

/// Of the predicted capacity, in percent.
const STEPS: [u32; 5] = [50, 70, 90, 110, 150];

/// How far a capacity may be off, and a burst that is outside of its interval.
const CAPACITY_OFF: f64 = 0.15;
const BURST_OFF: f64 = 0.25;

/// Of the capacity, so much is still done when one and a half times as much is asked.
const GOODPUT_MIN: f64 = 0.9;

/// People of an open loop: whoever comes when as many wait goes away.
const PEOPLE: &str = "1000";

/// One thing that was predicted and measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) predicted: String,
    pub(crate) measured: String,
    /// (measured - predicted) / predicted; none where that says nothing.
    pub(crate) error: Option<f64>,
    /// None of what is only told.
    pub(crate) holds: Option<bool>,
}

/// Measures a profile against its predictions, prints the table, keeps the residuals; whether all of
/// them were right.
pub(crate) async fn run(arguments: &VerifyArguments) -> Result<bool> {
    let profile = Profile::read(arguments.env)?;
    let target = profile.target()?;
    let predicted = profile.file.data.predicted.as_ref();
    let predicted = predicted.context("nothing is predicted: tune --write comes first")?;
    let verifier = Verifier { arguments, target: &target, programs: &arguments.programs };
    let mut rows = Vec::new();
    for (name, capacity) in [("save", &predicted.save), ("join", &predicted.join)] {
        rows.extend(verifier.capacity(name, capacity).await?);
    }
    rows.extend(verifier.bursts(predicted).await?);
    let holds = rows.iter().all(|it| it.holds != Some(false));
    print!("{}", table::render(&rows));
    let entry = Entry {
        date: here::today().to_string(),
        machine: here::machine(),
        cores: here::cores(),
        commit: here::commit(),
        env: profile.env.to_string(),
        database: target.database.kind().to_owned(),
        rows,
    };
    if !arguments.dry_run {
        history::append(&entry)?;
        println!("\n kept in {}; {}", history::FILE, history::record(&history::read()?));
    }
    Ok(holds)
}

struct Verifier<'a> {
    arguments: &'a VerifyArguments,
    target: &'a Target,
    programs: &'a Programs,
}

/// One step of an open loop.
struct Step {
    percent: u32,
    section: Section,
    rate: f64,
}

impl Verifier<'_> {
    async fn stress(&self, words: &[&str]) -> Result<Section> {
        let profile = ["--profile", self.arguments.env.as_str()];
        let kind = self.target.database.kind();
        let run = stress::run(self.programs, kind, &[words, &profile].concat()).await?;
        run.sections.into_iter().next().context("nothing was measured")
    }

    /// Steps of an open loop, from half to one and a half times the capacity.
    async fn capacity(&self, name: &str, predicted: &Capacity) -> Result<Vec<Row>> {
        let mut steps = Vec::new();
        for percent in STEPS {
            eprintln!(" measuring   {name} at {percent} % of {:.0}/s", predicted.here);
            steps.push(self.step(name, percent, predicted.here).await?);
        }
        let [.., near, over] = &steps[..] else { return Ok(Vec::new()) };
        let capacity = near.rate.max(over.rate);
        let found = named(near, real(here::cores()));
        let mut rows = vec![
            rate_row(&format!("{name} capacity"), predicted.here, capacity),
            Row {
                name: format!("{name} bottleneck"),
                predicted: predicted.bottleneck.clone(),
                measured: found.to_owned(),
                error: None,
                holds: Some(predicted.bottleneck == found),
            },
        ];
        rows.extend(steps.iter().take(3).map(|it| below(name, it, self.target.objective_ms)));
        rows.extend(steps.iter().filter(|it| it.percent == 70).map(|it| told(name, it, predicted)));
        rows.extend(manners(name, over, capacity));
        Ok(rows)
    }

    async fn step(&self, name: &str, percent: u32, capacity: f64) -> Result<Step> {
        let rate = (capacity * f64::from(percent) / 100.0).max(1.0).round().to_string();
        let seconds = format!("{}s", self.arguments.seconds);
        let wanted = format!("{name}.rate > 1/s");
        let words = [name, "--rate", &rate, "--users", PEOPLE, "--for", &seconds];
        let section = self.stress(&[&words[..], &["--threshold", &wanted]].concat()).await?;
        let rate = section.value(name, "rate").unwrap_or_default();
        Ok(Step { percent, section, rate })
    }

    async fn bursts(&self, predicted: &Predicted) -> Result<Vec<Row>> {
        let bursts = [
            ("save", predicted.save_burst),
            ("join", predicted.join_burst),
            ("login", predicted.log_in_burst),
        ];
        let mut rows = Vec::new();
        for (name, burst) in bursts {
            eprintln!(" measuring   {name}: {} at once", burst.people);
            let people = burst.people.to_string();
            let section = self.stress(&[name, "--users", &people]).await?;
            let measured = section.value(name, "p95").unwrap_or(f64::INFINITY) / 1e3;
            rows.push(burst_row(name, burst, measured));
        }
        Ok(rows)
    }
}

/// What set the rate of a step.
fn named(step: &Step, cores: f64) -> &'static str {
    let Some(used) = step.section.cost.cores else { return "unknown" };
    let all = used.server + used.database + used.ours;
    bottleneck(all / cores, used.ours, true)
}

fn rate_row(name: &str, predicted: f64, measured: f64) -> Row {
    let error = measured / predicted - 1.0;
    Row {
        name: name.to_owned(),
        predicted: format!("{predicted:.0}/s"),
        measured: format!("{measured:.0}/s"),
        error: Some(error),
        holds: Some(error.abs() <= CAPACITY_OFF),
    }
}

fn burst_row(name: &str, burst: Burst, measured: f64) -> Row {
    let Burst { people, low, p95, high } = burst;
    let error = measured / p95 - 1.0;
    let within = (low..=high).contains(&measured) || error.abs() <= BURST_OFF;
    Row {
        name: format!("{name} x {people} p95"),
        predicted: format!("{p95:.1} ms [{low:.1}, {high:.1}]"),
        measured: format!("{measured:.1} ms"),
        error: Some(error),
        holds: Some(within),
    }
}

/// Below capacity everything that is asked is done, in time.
fn below(name: &str, step: &Step, objective_ms: f64) -> Row {
    let success = step.section.value(name, "success").unwrap_or_default();
    let p95 = step.section.value(name, "p95").unwrap_or(f64::INFINITY) / 1e3;
    Row {
        name: format!("{name} at {} %", step.percent),
        predicted: format!("all, < {objective_ms:.0} ms"),
        measured: format!("{:.2} %, {p95:.1} ms", success * 100.0),
        error: None,
        holds: Some(success >= 0.999 && p95 < objective_ms),
    }
}

/// The time at 70 %, which no verdict hangs on: it is the one of a closed loop, which is gentler.
fn told(name: &str, step: &Step, predicted: &Capacity) -> Row {
    let p95 = step.section.value(name, "p95").unwrap_or(f64::INFINITY) / 1e3;
    Row {
        name: format!("{name} p95 at 70 %"),
        predicted: format!("{:.1} ms", predicted.p95_ms),
        measured: format!("{p95:.1} ms"),
        error: Some(p95 / predicted.p95_ms - 1.0),
        holds: None,
    }
}

/// Beyond capacity as much is done as before, and who is refused is told when to come back.
fn manners(name: &str, step: &Step, capacity: f64) -> Vec<Row> {
    let share = step.rate / capacity;
    let (mut failed, mut mute, mut refused) = (0, 0, 0);
    if let Some(tally) = step.section.tally(name) {
        (failed, mute) = (tally.failed, tally.refused_without_when);
        refused = tally.refused.values().sum();
    }
    let at = format!("{name} at {} %", step.percent);
    vec![
        Row {
            name: format!("{at}: still done"),
            predicted: format!(">= {:.0} %", GOODPUT_MIN * 100.0),
            measured: format!("{:.0} %", share * 100.0),
            error: None,
            holds: Some(share >= GOODPUT_MIN),
        },
        Row {
            name: format!("{at}: no without a when"),
            predicted: "0".to_owned(),
            measured: format!(
                "{} of {refused}, {} went away",
                failed + mute,
                step.section.dropped()
            ),
            error: None,
            holds: Some(failed + mute == 0),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capacity_may_be_off_by_fifteen_percent() {
        assert_eq!(rate_row("save", 1000.0, 1149.0).holds, Some(true));
        assert_eq!(rate_row("save", 1000.0, 849.0).holds, Some(false));
    }

    #[test]
    fn a_burst_is_within_its_interval_or_a_quarter_off() {
        let burst = Burst { people: 50, low: 10.0, p95: 20.0, high: 22.0 };
        for (measured, holds) in [(11.0, true), (24.9, true), (25.1, false), (9.9, false)] {
            assert_eq!(burst_row("save", burst, measured).holds, Some(holds), "{measured}");
        }
    }
}
