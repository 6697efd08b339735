//! More than the server can do, then silence: does it still work, does it say no, does it recover?

use std::time::Duration;

use anyhow::Result;

use super::{Part, Session, find};
use crate::arrivals::Arrivals;
use crate::engine::Model;
use crate::record::Section;
use crate::statistics::real;
use crate::validity::Check;

/// Of what it can do, so much is asked of it.
const EXCESS: f64 = 1.5;

/// Of what it can do, so much is still done when more is asked.
const GOODPUT_MIN: f64 = 0.9;

/// Impatient people at once at most: whoever comes when as many wait goes away.
const PEOPLE: usize = 1000;

/// People whose closed loop shows what the server can do.
const CAPACITY_PEOPLE: usize = 50;

const SILENCE: Duration = Duration::from_secs(5);

/// Requests a second afterwards: too few to matter.
const AFTER_RATE: f64 = 50.0;

impl Session<'_> {
    pub(super) async fn overload(&mut self) -> Result<()> {
        let users = self.arguments.users().unwrap_or(CAPACITY_PEOPLE);
        let part = self.rung(users)?;
        let capacity = self.measure(part).await?;
        let step = find(&self.arguments.on)?.step();
        let can = self.sections[capacity].recording.rate(step);
        let asked = self.arguments.rate.unwrap_or(can * EXCESS);
        self.progress.say(&format!("{can:.0}/s is what it can do, {asked:.0}/s what is asked"));

        let over = self.flood("overload", asked, PEOPLE, Vec::new()).await?;
        claim_overload(&mut self.sections[over], step, can);

        self.progress.say("silence");
        tokio::time::sleep(SILENCE).await;
        let objectives = self.objectives(find(&self.arguments.on)?, false);
        self.flood("after silence", AFTER_RATE, PEOPLE, objectives).await?;
        Ok(())
    }

    pub(super) async fn flood(
        &mut self,
        name: &str,
        rate: f64,
        users: usize,
        objectives: Vec<crate::objective::Objective>,
    ) -> Result<usize> {
        let scenario = find(&self.arguments.on)?;
        let (time, warm_up) =
            (self.arguments.time.unwrap_or(Duration::from_secs(6)), self.arguments.warm_up);
        let model = Model::Open { rate, arrivals: Arrivals::Poisson, time, warm_up };
        let name = format!("{} {name}", scenario.name());
        self.measure(Part { name, scenario, model, users, repeats: 1, objectives }).await
    }
}

/// What has to be true while too much is asked.
fn claim_overload(section: &mut Section, step: &str, can: f64) {
    // Those who go away, late and unserved, are what an overload is about.
    section
        .checks
        .retain(|check| !["dropped arrivals", "schedule lag p99"].contains(&&*check.name));
    let recording = &section.recording;
    let tally = recording.steps.get(step).cloned().unwrap_or_default();
    let share = recording.rate(step) / can;
    let claim = |name: &str, value: String, limit: String, ok| Check {
        name: name.to_owned(),
        value,
        limit,
        ok,
    };
    section.claims = vec![
        claim(
            "work still done, of what it can do",
            format!("{:.0} %", share * 100.0),
            format!(">= {:.0} %", GOODPUT_MIN * 100.0),
            share >= GOODPUT_MIN,
        ),
        claim(
            "requests that failed without a word",
            tally.failed.to_string(),
            "0".to_owned(),
            tally.failed == 0,
        ),
        claim(
            "refusals that do not say when to come back",
            format!("{} of {}", tally.refused_without_when, tally.refusals()),
            "0".to_owned(),
            tally.refused_without_when == 0,
        ),
    ];
    let gone = real(recording.dropped) / real(recording.offered.max(1));
    section.name = format!("{} ({:.0} % went away)", section.name, gone * 100.0);
}
