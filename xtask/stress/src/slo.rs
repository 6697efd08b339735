//! The types of `perf/slo.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::objective::Objective;
use crate::validity::Limits;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slo {
    pub(crate) validity: Limits,
    #[serde(default)]
    pub(crate) gate: BTreeMap<String, Gate>,
    pub(crate) scenario: BTreeMap<String, Scenario>,
}

/// A short run with one verdict, such as of CI.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gate {
    pub(crate) headroom: f64,
    pub(crate) scenarios: Vec<String>,
    pub(crate) repeat: usize,
    /// Users of scenarios that would take too long on a busy machine.
    #[serde(default)]
    pub(crate) users: BTreeMap<String, usize>,
    /// Overrides the one in `[validity]`.
    pub(crate) others_cores_max: Option<f64>,
}

/// How a scenario is run by default, and its objectives.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// Users at once.
    pub(crate) burst: Option<usize>,
    /// Bursts that are pooled.
    pub(crate) repeat: Option<usize>,
    pub(crate) objectives: Vec<Objective>,
}

impl Slo {
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        toml::from_str(&text).with_context(|| file.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_in_the_repository_has_objectives_for_every_scenario_and_no_other() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../perf/slo.toml");
        let slo = Slo::read(Path::new(file)).unwrap();

        for name in slo.scenario.keys() {
            let is_known = crate::scenario::by_name(name).is_some();
            assert!(is_known || crate::session::find_special(name).is_some(), "{name}");
        }
        for scenario in &crate::scenario::ALL {
            let objectives = slo.scenario.get(scenario.name).map(|it| it.objectives.len());
            assert!(objectives > Some(0), "{} has no objectives", scenario.name);
        }
        for gate in slo.gate.values() {
            assert!(gate.scenarios.iter().all(|name| slo.scenario.contains_key(name)));
        }
    }
}
