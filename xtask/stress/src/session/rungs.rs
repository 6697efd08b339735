//! The ladder: closed loops of more and more users, until the objective breaks.

use std::time::Duration;

use anyhow::Result;

use super::{Part, Session, find};
use crate::ladder::{Ladder, RUNGS, Rung};
use crate::load::Model;
use crate::record::Section;
use crate::statistics::real;
use crate::validity::OTHERS;

/// Time of each rung by default.
const TIME: Duration = Duration::from_secs(4);

impl Session<'_> {
    pub(super) async fn climb(&mut self) -> Result<()> {
        let scenario = find(&self.arguments.on)?;
        let asked: Vec<usize> = self.arguments.users.iter().map(|&it| it.into()).collect();
        let users = if asked.is_empty() { RUNGS.to_vec() } else { asked };
        let step = scenario.step;
        let (name, mut rungs) = (scenario.name.to_owned(), Vec::new());
        for users in users {
            let place = self.measure_undisturbed(self.rung(users)?).await?;
            let section = &mut self.sections[place];
            let rung = rung(section, step);
            // A ladder is meant to break the objective; its result is the knee.
            section.verdicts.clear();
            section.is_rung = true;
            // A rung on which the tool was the limit ends the ladder.
            let ends = rung.broken.is_some() || !rung.valid;
            let is_disturbed = section.checks.iter().any(|it| it.name == OTHERS && !it.ok);
            // A disturbed rung proves nothing, and does not end the ladder.
            if is_disturbed && !rungs.is_empty() {
                self.sections.truncate(place);
                continue;
            }
            if !rung.valid && !rungs.is_empty() {
                section.checks.clear();
            }
            rungs.push(rung);
            if ends {
                break;
            }
        }
        self.ladder = Some(Ladder { scenario: name, step: step.to_owned(), rungs });
        Ok(())
    }

    /// A closed loop of the scenario of a ladder or an overload.
    pub(super) fn rung(&self, users: usize) -> Result<Part> {
        let scenario = find(&self.arguments.on)?;
        let time = self.arguments.time.unwrap_or(TIME);
        Ok(Part {
            name: format!("{} x {users}", scenario.name),
            scenario,
            model: Model::closed(self.arguments.warm_up, time),
            users,
            repeats: 1,
            objectives: self.objectives(scenario, false),
        })
    }
}

fn rung(section: &Section, step: &str) -> Rung {
    let recording = &section.recording;
    let tally = recording.steps.get(step).cloned().unwrap_or_default();
    let quantile = |q| tally.response.quantile(q).map_or(f64::NAN, real);
    let wall = recording.generator.wall.max(f64::EPSILON);
    let broken = section.verdicts.iter().find(|it| !it.pass);
    Rung {
        users: section.users,
        rate: recording.rate(step),
        mean: tally.response.mean().unwrap_or(f64::NAN),
        p50: quantile(0.5),
        p95: quantile(0.95),
        p99: quantile(0.99),
        success: real(tally.successes()) / real(tally.total().max(1)),
        server_cores: section.cost.cores.map(|it| it.server),
        generator_cpu: recording.generator.cpu / wall,
        broken: broken.map(|it| it.objective.to_string()),
        valid: section.checks.iter().all(|it| it.ok),
    }
}
