//! What load is brought, as the arguments or else `slo.toml` say.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::{Session, USERS};
use crate::arguments::ModelName;
use crate::engine::{Course, Model};
use crate::objective::Objective;
use crate::scenario::Scenario;

/// People that an open loop has at most, unless told otherwise: arrivals beyond find nobody.
const USERS_OPEN: usize = 500;

/// How long a loop runs unless told otherwise.
pub(super) const TIME: Duration = Duration::from_secs(10);

/// One load, before it is brought.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) scenario: &'static dyn Scenario,
    pub(super) model: Model,
    pub(super) users: usize,
    pub(super) repeats: usize,
    pub(super) objectives: Vec<Objective>,
}

impl Session<'_> {
    /// A scenario as the arguments, or else `slo.toml`, say.
    pub(super) fn part(&self, scenario: &'static dyn Scenario) -> Result<Part> {
        let arguments = self.arguments;
        let slo = self.slo.scenario.get(scenario.name()).cloned().unwrap_or_default();
        let gate = self.gate();
        let model = self.model(slo.burst.is_some())?;
        let burst = model == Model::Burst;
        let open = matches!(model, Model::Open { .. });
        let few = gate.and_then(|it| it.users.get(scenario.name()).copied());
        let users = arguments.users().or(few).or(slo.burst).unwrap_or(USERS);
        let users = if open { arguments.users().unwrap_or(USERS_OPEN) } else { users };
        let repeats = arguments.repeat.or(gate.map(|it| it.repeat)).or(slo.repeat).unwrap_or(1);
        Ok(Part {
            name: scenario.name().to_owned(),
            scenario,
            model,
            users,
            repeats: if burst { repeats.max(1) } else { 1 },
            objectives: self.objectives(scenario, burst),
        })
    }

    fn model(&self, bursts: bool) -> Result<Model> {
        let arguments = self.arguments;
        let course = Course {
            warm_up: if arguments.ramp.is_zero() { arguments.warm_up } else { Duration::ZERO },
            ramp: arguments.ramp,
            time: arguments.time.unwrap_or(TIME),
        };
        ensure!(course.ramp <= course.time, "--ramp is a part of the time that --for gives");
        let in_loop = arguments.time.is_some() || !course.ramp.is_zero();
        let name = arguments.model.unwrap_or(match (arguments.rate, in_loop, bursts) {
            (Some(_), ..) => ModelName::Open,
            (None, false, true) => ModelName::Burst,
            _ => ModelName::Closed,
        });
        Ok(match name {
            ModelName::Burst => Model::Burst,
            ModelName::Closed => Model::Closed(course),
            ModelName::Open => {
                let rate = arguments.rate.filter(|&it| it > 0.0);
                let rate = rate.context("an open loop needs a --rate above 0")?;
                Model::Open { rate, arrivals: arguments.arrivals, course }
            }
        })
    }

    /// What the scenario is held to. Loops leave out the steps that only a burst has.
    pub(super) fn objectives(&self, scenario: &dyn Scenario, burst: bool) -> Vec<Objective> {
        let mine =
            |it: &Objective| burst || scenario.name() == "mixed" || it.step == scenario.step();
        self.asked_of(scenario.name(), mine)
    }

    /// What a scenario is held to: of its own objectives those that are meant, and what was asked for.
    pub(super) fn asked_of(
        &self,
        name: &str,
        is_meant: impl Fn(&Objective) -> bool,
    ) -> Vec<Objective> {
        let slo = self.slo.scenario.get(name);
        let all = slo.map(|it| it.objectives.clone()).unwrap_or_default();
        let headroom = self.gate().map_or(1.0, |it| it.headroom) * self.arguments.slo_factor;
        let all = all.into_iter().filter(is_meant).map(|it| it.widened(headroom));
        all.chain(self.arguments.thresholds.iter().cloned()).collect()
    }
}
