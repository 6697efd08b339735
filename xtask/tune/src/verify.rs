//! `tune verify`: does the server do what its profile predicts, and does it keep its manners beyond?

mod drift;
mod rows;
mod table;

use anyhow::{Context as _, Result};

use crate::arguments::{Programs, VerifyArguments};
use crate::calibration::{Operation, real};
use crate::here;
use crate::history::{self, Entry};
use crate::profile::Profile;
use crate::solve::{Burst, Capacity, Predicted, Shares};
use crate::stress::{self, Section};
use crate::target::Target;

pub(crate) use drift::{drift_row, is_drift};
use rows::Step;
pub(crate) use rows::{CAPACITY, Row};

/// Of the predicted capacity, in percent.
const STEPS: [u32; 5] = [50, 70, 90, NEAR, 150];

/// The first beyond it.
const NEAR: u32 = 110;

/// People of an open loop, as many as of the largest closed one: whoever comes when so many wait goes
/// away.
const PEOPLE: &str = "200";

/// How often bursts are brought: each lasts a few milliseconds, in which much can happen.
pub(crate) const REPEAT: &str = "30";

/// How often an address may ask is policy, and nothing that is predicted.
const LIMITS: [&str; 3] = [
    "CARDROOM__RATES__GENERAL=100000000/minute burst 1000000",
    "CARDROOM__RATES__JOIN=100000000/minute burst 1000000",
    "CARDROOM__RATES__LOGIN=100000000/minute burst 1000000",
];

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
    rows.extend(verifier.burst("save", save_burst, &calibration.save).await?);
    rows.extend(verifier.burst("join", join_burst, &calibration.join).await?);
    rows.push(verifier.log_ins(log_in_burst).await?);
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
            rows::rate(&format!("{name} {CAPACITY}"), predicted.here * drift, capacity)
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
        rows.extend(
            steps.iter().take(3).map(|it| rows::below(name, it, objective_ms).of(&it.section)),
        );
        rows.extend(
            steps.iter().filter(|it| it.percent == 70).map(|it| rows::told(name, it, predicted)),
        );
        rows.extend(
            rows::manners(name, over, capacity).map(|it| it.of(&near.section).of(&over.section)),
        );
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

    /// People at once, and before and after them those of the calibration.
    async fn burst(&self, name: &str, predicted: Burst, then: &Operation) -> Result<Vec<Row>> {
        let (before, slow) = self.burst_now(name, then).await?;
        let (section, measured) = self.at_once(name, predicted.people, REPEAT).await?;
        let (after, fast) = self.burst_now(name, then).await?;
        let drift = f64::midpoint(slow, fast);
        let row = rows::burst(name, predicted.on(drift), measured);
        let row = row.of(&section).of(&before).of(&after);
        Ok(vec![drift_row(&format!("{name} at once"), drift), row])
    }

    /// Log-ins at once. A hash takes as long each time.
    async fn log_ins(&self, predicted: Burst) -> Result<Row> {
        let (section, measured) = self.at_once("login", predicted.people, "5").await?;
        Ok(rows::burst("login", predicted, measured).of(&section))
    }

    /// The 95th percentile of so many people at once, in milliseconds.
    async fn at_once(&self, name: &str, people: usize, repeat: &str) -> Result<(Section, f64)> {
        eprintln!(" measuring   {name}: {people} at once");
        let people = people.to_string();
        let section = self.stress(&[name, "--users", &people, "--repeat", repeat]).await?;
        let p95 = section.value(name, "p95").unwrap_or(f64::INFINITY) / 1e3;
        Ok((section, p95))
    }
}
