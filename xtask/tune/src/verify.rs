//! `tune verify`: does the server do what its profile predicts, and does it keep its manners beyond?

mod drift;
mod table;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::arguments::{Programs, VerifyArguments};
use crate::calibration::{Operation, real};
use crate::here;
use crate::history::{self, Entry};
use crate::profile::Profile;
use crate::solve::{Burst, Capacity, Predicted, Shares};
use crate::stress::{self, Section};
use crate::target::Target;

pub(crate) use drift::{drift_row, is_drift};

/// Of the predicted capacity, in percent.
const STEPS: [u32; 5] = [50, 70, 90, NEAR, 150];

/// The first beyond it.
const NEAR: u32 = 110;

/// How far a capacity may be off, and a burst that is outside of its interval.
const CAPACITY_OFF: f64 = 0.15;
const BURST_OFF: f64 = 0.25;

/// Of the capacity, so much is still done when one and a half times as much is asked.
const GOODPUT_MIN: f64 = 0.9;

/// People of an open loop, as many as of the largest closed one: whoever comes when so many wait goes
/// away.
const PEOPLE: &str = "200";

/// What the rows are called that tell of one.
pub(crate) const CAPACITY: &str = "capacity";

/// How often bursts are brought: each lasts a few milliseconds, in which much can happen.
pub(crate) const REPEAT: &str = "30";

/// How often an address may ask is policy, and nothing that is predicted.
const LIMITS: [&str; 3] = [
    "CARDROOM__RATES__GENERAL=100000000/minute burst 1000000",
    "CARDROOM__RATES__JOIN=100000000/minute burst 1000000",
    "CARDROOM__RATES__LOGIN=100000000/minute burst 1000000",
];

/// One thing that was predicted and measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) predicted: String,
    pub(crate) measured: String,
    /// (measured - predicted) / predicted; none where that says nothing.
    pub(crate) error: Option<f64>,
    /// None of what is only told, or was disturbed.
    pub(crate) holds: Option<bool>,
    /// Whether others used the machine meanwhile, so that nothing follows.
    #[serde(default)]
    pub(crate) disturbed: bool,
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Finding {
    Right,
    Wrong,
    /// Nothing was wrong, but others used the machine.
    Disturbed,
}

/// Measures a profile against its predictions, prints the table, keeps the residuals.
pub(crate) async fn run(arguments: &VerifyArguments) -> Result<Finding> {
    let profile = Profile::read(arguments.env)?;
    let target = profile.target()?;
    let predicted = profile.file.data.predicted.as_ref();
    let predicted = predicted.context("nothing is predicted: tune --write comes first")?;
    let lanes = profile.lanes(&target)?;
    let verifier = Verifier { arguments, target: &target, programs: &arguments.programs, lanes };
    let calibration = profile.file.data.calibration.as_ref();
    let calibration = calibration.context("nothing was measured: tune --write comes first")?;
    let mut rows = Vec::new();
    for (name, capacity, then) in
        [("save", &predicted.save, &calibration.save), ("join", &predicted.join, &calibration.join)]
    {
        rows.extend(verifier.capacity(name, capacity, then).await?);
    }
    let Predicted { save_burst, join_burst, log_in_burst, .. } = *predicted;
    rows.extend(verifier.burst("save", save_burst, Some(&calibration.save)).await?);
    rows.extend(verifier.burst("join", join_burst, Some(&calibration.join)).await?);
    rows.extend(verifier.burst("login", log_in_burst, None).await?);
    let finding = finding(&rows);
    print!("{}", table::render(&rows));
    if rows.iter().any(|it| it.disturbed) {
        println!("\n others used the machine meanwhile: verify again when it is quiet");
    }
    let entry = Entry {
        date: here::today().to_string(),
        machine: here::machine(),
        cores: here::cores(),
        commit: here::commit(),
        env: profile.env.to_string(),
        database: target.database.kind().to_owned(),
        open_share: calibration.open_share,
        rows,
    };
    if !arguments.dry_run {
        history::append(&entry)?;
        println!("\n kept in {}; {}", history::FILE, history::record(&history::read()?));
    }
    Ok(finding)
}

fn finding(rows: &[Row]) -> Finding {
    if rows.iter().any(|it| it.holds == Some(false)) {
        Finding::Wrong
    } else if rows.iter().any(|it| it.disturbed) {
        Finding::Disturbed
    } else {
        Finding::Right
    }
}

struct Verifier<'a> {
    arguments: &'a VerifyArguments,
    target: &'a Target,
    programs: &'a Programs,
    /// In which writes are committed.
    lanes: usize,
}

/// One step of an open loop.
struct Step {
    percent: u32,
    section: Section,
    rate: f64,
}

impl Verifier<'_> {
    async fn stress(&self, words: &[&str]) -> Result<Section> {
        let mut words = words.to_vec();
        words.extend(["--profile", self.arguments.env.as_str()]);
        words.extend(LIMITS.iter().flat_map(|limit| ["--set", limit]));
        let kind = self.target.database.kind();
        let run = stress::run(self.programs, kind, &words).await?;
        run.sections.into_iter().next().context("nothing was measured")
    }

    /// Steps of an open loop, from half to one and a half times the capacity.
    async fn capacity(
        &self,
        name: &str,
        predicted: &Capacity,
        then: &Operation,
    ) -> Result<Vec<Row>> {
        let (mut steps, mut drifts) = (Vec::new(), Vec::new());
        for percent in STEPS {
            if [STEPS[0], NEAR].contains(&percent) {
                drifts.push(self.rate_now(name, then).await?);
            }
            let drift = drifts.last().map_or(1.0, |it| it.1);
            let capacity = predicted.here * drift;
            eprintln!(" measuring   {name} at {percent} % of {capacity:.0}/s");
            steps.push(self.step(name, percent, capacity).await?);
        }
        drifts.push(self.rate_now(name, then).await?);
        // Before and after the steps that are beyond capacity.
        let [_, (before, slow), (after, fast)] = &drifts[..] else { return Ok(Vec::new()) };
        let drift = f64::midpoint(*slow, *fast);
        let [.., near, over] = &steps[..] else { return Ok(Vec::new()) };
        let capacity = near.rate.max(over.rate);
        let found = self.bottleneck(near);
        let limits = [
            rate_row(&format!("{name} {CAPACITY}"), predicted.here * drift, capacity)
                .of(before)
                .of(after),
            Row {
                name: format!("{name} bottleneck"),
                predicted: predicted.bottleneck.clone(),
                measured: found.to_owned(),
                error: None,
                holds: Some(predicted.bottleneck == found),
                disturbed: false,
            },
        ];
        let mut rows = vec![drift_row(name, drift)];
        rows.extend(limits.map(|it| it.of(&near.section).of(&over.section)));
        let objective_ms = self.target.objective_ms;
        rows.extend(steps.iter().take(3).map(|it| below(name, it, objective_ms).of(&it.section)));
        rows.extend(steps.iter().filter(|it| it.percent == 70).map(|it| told(name, it, predicted)));
        rows.extend(manners(name, over, capacity).map(|it| it.of(&near.section).of(&over.section)));
        Ok(rows)
    }

    /// What set the rate of a step.
    fn bottleneck(&self, step: &Step) -> &'static str {
        let Some(used) = step.section.cost.cores else { return "unknown" };
        let all = used.server + used.database + used.ours;
        let lanes = Some(step.section.committing() / real(self.lanes));
        Shares { cores: all / real(here::cores()), generator: used.ours, lanes }.bottleneck()
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

    /// People at once, and before and after them those of the calibration, if there were some.
    async fn burst(
        &self,
        name: &str,
        predicted: Burst,
        then: Option<&Operation>,
    ) -> Result<Vec<Row>> {
        let before = match then {
            Some(then) => Some(self.burst_now(name, then).await?),
            None => None,
        };
        eprintln!(" measuring   {name}: {} at once", predicted.people);
        let people = predicted.people.to_string();
        // Hashing takes longer, and is as long each time.
        let repeat = if then.is_some() { REPEAT } else { "5" };
        let section = self.stress(&[name, "--users", &people, "--repeat", repeat]).await?;
        let measured = section.value(name, "p95").unwrap_or(f64::INFINITY) / 1e3;
        let (Some((before, slow)), Some(then)) = (before, then) else {
            return Ok(vec![burst_row(name, predicted, measured).of(&section)]);
        };
        let (after, fast) = self.burst_now(name, then).await?;
        let drift = f64::midpoint(slow, fast);
        let row = burst_row(name, predicted.on(drift), measured);
        let row = row.of(&section).of(&before).of(&after);
        Ok(vec![drift_row(&format!("{name} at once"), drift), row])
    }
}

impl Row {
    /// Judges nothing by a load that was disturbed.
    fn of(self, section: &Section) -> Self {
        if section.is_disturbed() { Self { holds: None, disturbed: true, ..self } } else { self }
    }
}

fn rate_row(name: &str, predicted: f64, measured: f64) -> Row {
    let error = measured / predicted - 1.0;
    Row {
        name: name.to_owned(),
        predicted: format!("{predicted:.0}/s"),
        measured: format!("{measured:.0}/s"),
        error: Some(error),
        holds: Some(error.abs() <= CAPACITY_OFF),
        disturbed: false,
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
        disturbed: false,
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
        disturbed: false,
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
        disturbed: false,
    }
}

/// Beyond capacity as much is done as before, and who is refused is told when to come back.
fn manners(name: &str, step: &Step, capacity: f64) -> [Row; 2] {
    let share = step.rate / capacity;
    let (mut failed, mut mute, mut refused) = (0, 0, 0);
    if let Some(tally) = step.section.tally(name) {
        (failed, mute) = (tally.failed, tally.refused_without_when);
        refused = tally.refused.values().sum();
    }
    let at = format!("{name} at {} %", step.percent);
    [
        Row {
            name: format!("{at}: still done"),
            predicted: format!(">= {:.0} %", GOODPUT_MIN * 100.0),
            measured: format!("{:.0} %", share * 100.0),
            error: None,
            holds: Some(share >= GOODPUT_MIN),
            disturbed: false,
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
            disturbed: false,
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
