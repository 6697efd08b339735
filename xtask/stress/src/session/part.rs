//! The description of one load, from the arguments or else from `slo.toml`.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::{Session, USERS, find};
use crate::arguments::ModelName;
use crate::load::{Course, Model};
use crate::objective::Objective;
use crate::scenario::Scenario;

/// Users of an open loop by default: arrivals beyond find all of them busy.
const USERS_OPEN: usize = 500;

/// Time of a loop by default.
pub(super) const TIME: Duration = Duration::from_secs(10);

/// One load, before it is applied.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) scenario: &'static Scenario,
    pub(super) model: Model,
    pub(super) users: usize,
    pub(super) repeats: usize,
    pub(super) objectives: Vec<Objective>,
}

impl Part {
    /// A load with objectives of its own.
    pub(super) fn new(
        name: impl Into<String>,
        scenario: &str,
        model: Model,
        users: usize,
        objectives: &[&str],
    ) -> Result<Self> {
        let objectives: Result<Vec<_>, _> = objectives.iter().map(|it| it.parse()).collect();
        let objectives = objectives.map_err(anyhow::Error::msg)?;
        let (name, scenario) = (name.into(), find(scenario)?);
        Ok(Self { name, scenario, model, users, repeats: 1, objectives })
    }
}

impl Session<'_> {
    /// A scenario with the values of the arguments, or else of `slo.toml`.
    pub(super) fn part(&self, scenario: &'static Scenario) -> Result<Part> {
        let arguments = self.arguments;
        let slo = self.slo.scenario.get(scenario.name).cloned().unwrap_or_default();
        let gate = self.gate();
        let model = self.model(slo.burst.is_some())?;
        let burst = model == Model::Burst;
        let few = gate.and_then(|it| it.users.get(scenario.name).copied()).or(slo.burst);
        let default =
            if matches!(model, Model::Open { .. }) { USERS_OPEN } else { few.unwrap_or(USERS) };
        let repeats = arguments.repeat.or(gate.map(|it| it.repeat)).or(slo.repeat).unwrap_or(1);
        Ok(Part {
            name: scenario.name.to_owned(),
            scenario,
            model,
            users: arguments.users().unwrap_or(default),
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

    /// The objectives of a scenario. Loops leave out the steps that only a burst has.
    pub(super) fn objectives(&self, scenario: &Scenario, burst: bool) -> Vec<Objective> {
        let all = burst || scenario.name == "mixed";
        self.objectives_of(scenario.name, |it| all || it.step == scenario.step)
    }

    /// The objectives of a name that are meant, and those of the command line.
    pub(super) fn objectives_of(
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
