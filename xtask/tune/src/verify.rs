//! `tune verify`: compares the predictions of a profile with measurements, up to one and a half times the
//! capacity.

mod drift;
mod rows;
mod steps;
mod table;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use chrono::Utc;
use stress::Section;
use stress::machine::{Machine, commit};

use crate::arguments::{Programs, VerifyArguments};
use crate::calibration::Operation;
use crate::history::{self, Entry};
use crate::profile::Profile;
use crate::runner;
use crate::solve::{Burst, Predicted};
use crate::target::Target;

use drift::drift_row;
pub(crate) use rows::Row;

/// Repetitions of a burst, which lasts a few milliseconds.
pub(crate) const REPEAT: &str = "30";

/// Rate limits are policy, and not predicted.
const LIMITS: [&str; 3] = [
    "CARDROOM__RATES__GENERAL=100000000/minute burst 1000000",
    "CARDROOM__RATES__JOIN=100000000/minute burst 1000000",
    "CARDROOM__RATES__LOGIN=100000000/minute burst 1000000",
];

/// The result of a verification.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Finding {
    Right,
    Wrong,
    /// Nothing was wrong, but others used the machine.
    Disturbed,
}

/// Measures a profile, prints the table, and appends the errors to the record.
pub(crate) async fn run(arguments: &VerifyArguments) -> Result<Finding> {
    let profile = Profile::read(arguments.env)?;
    let target = profile.target()?;
    let predicted = profile.file.data.predicted.as_ref();
    let predicted = predicted.context("nothing is predicted: tune --write comes first")?;
    let lanes = profile.lanes(&target)?;
    let verifier = Verifier { arguments, target: &target, programs: &arguments.programs };
    let calibration = profile.file.data.calibration.as_ref();
    let calibration = calibration.context("nothing was measured: tune --write comes first")?;
    let mut rows = Vec::new();
    let mut open_shares = BTreeMap::new();
    for (name, capacity, then) in
        [("save", &predicted.save, &calibration.save), ("join", &predicted.join, &calibration.join)]
    {
        let steps = verifier.steps(name, capacity, then).await?;
        open_shares.extend(steps.open_share(capacity, then).map(|it| (name.to_owned(), it)));
        rows.extend(steps.rows(capacity, lanes, target.objective_ms));
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
    let machine = Machine::here();
    let entry = Entry {
        date: Utc::now().date_naive().to_string(),
        machine: machine.processor,
        cores: machine.cores,
        commit: commit(),
        env: profile.env.to_string(),
        database: target.database.kind().to_owned(),
        open_shares,
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
}

impl Verifier<'_> {
    async fn stress(&self, words: &[&str]) -> Result<Section> {
        let mut words = words.to_vec();
        words.extend(["--profile", self.arguments.env.as_str()]);
        words.extend(LIMITS.iter().flat_map(|limit| ["--set", limit]));
        let kind = self.target.database.kind();
        let run = runner::run(self.programs, kind, &words).await?;
        run.into_first().context("nothing was measured")
    }

    /// A burst, and before and after it the one of the calibration.
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

    /// The 95th percentile of a burst of `users`, in milliseconds.
    async fn at_once(&self, name: &str, users: usize, repeat: &str) -> Result<(Section, f64)> {
        eprintln!(" measuring   {name}: {users} at once");
        let users = users.to_string();
        let section = self.stress(&[name, "--users", &users, "--repeat", repeat]).await?;
        let p95 = section.p95(name).unwrap_or(f64::INFINITY) / 1e3;
        Ok((section, p95))
    }
}
