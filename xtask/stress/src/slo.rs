//! `perf/slo.toml` as types.

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

/// A short run that decides something.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gate {
    pub(crate) headroom: f64,
    pub(crate) scenarios: Vec<String>,
    pub(crate) repeat: usize,
    /// People of scenarios that would take too long on a busy machine.
    #[serde(default)]
    pub(crate) users: BTreeMap<String, usize>,
    /// In place of the one in `[validity]`.
    pub(crate) others_cores_max: Option<f64>,
}

/// How a scenario is run when nothing else is said, and what it is held to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// People at once.
    pub(crate) burst: Option<usize>,
    /// Bursts whose measurements are pooled.
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
    fn the_file_in_the_repository_is_about_scenarios_that_exist() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../perf/slo.toml");
        let slo = Slo::read(Path::new(file)).unwrap();

        for name in slo.scenario.keys() {
            let is_known = crate::scenario::by_name(name).is_some();
            assert!(is_known || name == crate::session::REALTIME, "{name}");
        }
        for gate in slo.gate.values() {
            assert!(gate.scenarios.iter().all(|name| slo.scenario.contains_key(name)));
        }
    }
}
