//! Open loops from half to one and a half times the capacity, beside the closed one of the calibration.

use anyhow::Result;
use stress::Section;
use stress::machine::Machine;

use super::Verifier;
use super::drift::{Loop, drift_row};
use super::rows::{self, Row};
use crate::calibration::{Operation, real};
use crate::solve::{Capacity, Shares};

/// Percentages of the predicted capacity: those that have to be carried, and two beyond it.
const BELOW: [u32; 3] = [50, 70, 90];
const NEAR: u32 = 110;
const OVER: u32 = 150;

/// The step whose response time is reported.
const REPORTED: u32 = 70;

/// Users of an open loop, as many as of the largest closed one.
const USERS: &str = "200";

/// One open loop.
pub(super) struct Step {
    pub(super) percent: u32,
    pub(super) section: Section,
}

/// All of them, of one kind of request.
pub(super) struct Steps {
    name: &'static str,
    below: Vec<Step>,
    near: Step,
    over: Step,
    /// Before, between and after the two beyond capacity.
    loops: [Loop; 3],
}

impl Verifier<'_> {
    /// Applies all steps to one kind of request.
    pub(super) async fn steps(
        &self,
        name: &'static str,
        predicted: &Capacity,
        then: &Operation,
    ) -> Result<Steps> {
        let first = self.rate_now(name, then).await?;
        let mut below = Vec::new();
        for percent in BELOW {
            below.push(self.step(name, percent, predicted.here * first.drift).await?);
        }
        let before = self.rate_now(name, then).await?;
        let near = self.step(name, NEAR, predicted.here * before.drift).await?;
        let between = self.rate_now(name, then).await?;
        let over = self.step(name, OVER, predicted.here * between.drift).await?;
        let after = self.rate_now(name, then).await?;
        Ok(Steps { name, below, near, over, loops: [before, between, after] })
    }

    async fn step(&self, name: &str, percent: u32, capacity: f64) -> Result<Step> {
        eprintln!(" measuring   {name} at {percent} % of {capacity:.0}/s");
        let rate = (capacity * f64::from(percent) / 100.0).max(1.0).round().to_string();
        let seconds = format!("{}s", self.arguments.seconds);
        let words = [name, "--rate", &rate, "--users", USERS, "--for", &seconds];
        let section = self.stress(&words).await?;
        Ok(Step { percent, section })
    }
}

impl Steps {
    /// The share of the predicted rate of closed loops that open ones reached; none where others used the
    /// machine.
    pub(super) fn open_share(&self, predicted: &Capacity, then: &Operation) -> Option<f64> {
        let closed = predicted.here / then.open_share * self.drift();
        (!self.is_disturbed()).then(|| self.capacity() / closed)
    }

    /// Predictions and measurements; writes are committed in `lanes` lanes.
    pub(super) fn rows(&self, predicted: &Capacity, lanes: usize, objective_ms: f64) -> Vec<Row> {
        let Self { name, below, near, over, .. } = self;
        let capacity = self.capacity();
        let mut rows = vec![drift_row(name, self.drift())];
        let beyond = [
            rows::rate(&format!("{name} capacity"), predicted.here * self.drift(), capacity),
            rows::same(
                &format!("{name} bottleneck"),
                &predicted.bottleneck,
                near.bottleneck(lanes),
            ),
        ];
        rows.extend(beyond.map(|it| self.undisturbed(it)));
        rows.extend(
            below
                .iter()
                .map(|it| rows::below(name, it.percent, &it.section, objective_ms).of(&it.section)),
        );
        let reported = below.iter().filter(|it| it.percent == REPORTED);
        rows.extend(reported.map(|it| rows::reported(name, &it.section, predicted)));
        rows.extend(
            rows::beyond(name, over.percent, &over.section, capacity)
                .map(|it| self.undisturbed(it)),
        );
        rows
    }

    /// The highest rate.
    fn capacity(&self) -> f64 {
        self.near.section.rate(self.name).max(self.over.section.rate(self.name))
    }

    /// The rate of the closed loops, as a multiple of that of the calibration.
    fn drift(&self) -> f64 {
        self.loops.iter().map(|it| it.drift).sum::<f64>() / real(self.loops.len())
    }

    /// The loads that determine the capacity.
    fn sections(&self) -> impl Iterator<Item = &Section> {
        let open = [&self.near.section, &self.over.section];
        open.into_iter().chain(self.loops.iter().map(|it| &it.section))
    }

    fn is_disturbed(&self) -> bool {
        self.sections().any(Section::is_disturbed)
    }

    fn undisturbed(&self, row: Row) -> Row {
        self.sections().fold(row, Row::of)
    }
}

impl Step {
    /// The bottleneck of its rate.
    fn bottleneck(&self, lanes: usize) -> &'static str {
        let Some(used) = self.section.cores() else { return "unknown" };
        let all = used.server + used.database + used.ours;
        let lanes = Some(self.section.committing() / real(lanes));
        Shares { cores: all / real(Machine::here().cores), generator: used.ours, lanes }
            .bottleneck()
    }
}
