//! `tune check`: the invariants of every profile. No network, no measurement.

mod rules;

use anyhow::Result;
use chrono::{NaiveDate, Utc};
use settings::{Profile as Env, Settings};
use toml::Table;

use crate::findings::Findings;
use crate::profile::Profile;
use crate::render;
use crate::solve::{Deployment, Fault};
use crate::target::Target;

/// Age from which a calibration is reported as old.
const OLD_DAYS: i64 = 90;

/// Checks the profiles of these names, and prints what is wrong; whether nothing is.
pub(crate) fn run(envs: &[Env]) -> Result<bool> {
    let mut all = Vec::new();
    for &env in envs {
        all.push((env.as_str(), check(&Profile::read(env)?, Utc::now().date_naive())?));
    }
    // Files are those of all profiles.
    if envs.len() == Env::ALL.len() {
        all.push(("deploy/", render::check()?));
    }
    let mut holds = true;
    for (name, findings) in all {
        let (faults, warnings) = (findings.faults.len(), findings.warnings.len());
        println!("{name:<12} {faults} faults, {warnings} warnings");
        for Fault { what, ways_out } in &findings.faults {
            println!("  fault    {what}");
            for way in ways_out {
                println!("           -> {way}");
            }
        }
        findings.warnings.iter().for_each(|it| println!("  warning  {it}"));
        holds &= findings.faults.is_empty();
    }
    Ok(holds)
}

/// Everything that is wrong with a profile.
pub(crate) fn check(profile: &Profile, today: NaiveDate) -> Result<Findings> {
    let mut findings = Findings::default();
    let target = profile.target()?;
    let settings = profile.settings(&target)?;
    match &profile.file.data.deployment {
        Some(deployment) => findings.add(rules::check(&target, &settings, deployment)),
        None => findings
            .fault("is not tuned", &format!("cargo xtask tune --env {} --write", profile.env)),
    }
    findings.warnings.extend(overridden(&profile.file.data.overrides));
    if let Some(calibration) = &profile.file.data.calibration {
        let solution = profile.solve(&target, calibration)?;
        findings.faults.extend(solution.faults.iter().cloned());
        if profile.text(&target, calibration, &solution)? != profile.file.text {
            findings.fault(
                "is not what the arithmetic makes of its [target] and [calibration]",
                &format!(
                    "cargo xtask tune --env {} --reuse --write; hand edits go into [override]",
                    profile.env
                ),
            );
        }
        age(&mut findings, &calibration.date, today);
    }
    Ok(findings)
}

/// Decisions against the arithmetic, as warnings.
fn overridden(overrides: &Table) -> Vec<String> {
    let sections = overrides.iter().filter_map(|(name, keys)| Some((name, keys.as_table()?)));
    let all = sections.flat_map(|(name, keys)| {
        keys.iter().map(move |(key, value)| format!("[override] {name}.{key} = {value} wins"))
    });
    all.collect()
}

/// Warns of a calibration that is old, and refuses one without a date.
fn age(findings: &mut Findings, date: &str, today: NaiveDate) {
    match date.parse::<NaiveDate>() {
        Ok(date) if (today - date).num_days() <= OLD_DAYS => {}
        Ok(date) => findings.warnings.push(format!("was calibrated on {date}, long ago")),
        Err(_) => findings.fault("calibration.date is no date", "YYYY-MM-DD"),
    }
}

/// The subject of the rules.
pub(crate) struct Subject<'a> {
    pub(crate) target: &'a Target,
    pub(crate) settings: &'a Settings,
    pub(crate) deployment: &'a Deployment,
}
