//! A run as it is stored: `run.json`, from which every report is made.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::engine::{Course, Model};
use crate::exit::Exit;
use crate::ladder::Ladder;
use crate::machine::Machine;
use crate::metrics::Cost;
use crate::objective::Verdict;
use crate::tally::Recording;
use crate::validity::Check;
use crate::verify::Finding;

/// The shape of `run.json`; another number is another shape.
pub(crate) const SCHEMA: u32 = 2;

/// Everything about a run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) schema: u32,
    /// As it was typed.
    pub(crate) command: String,
    /// In UTC.
    pub(crate) started: String,
    pub(crate) commit: String,
    pub(crate) seed: u64,
    pub(crate) machine: Machine,
    pub(crate) server: Server,
    pub(crate) sections: Vec<Section>,
    pub(crate) ladder: Option<Ladder>,
    pub(crate) findings: Vec<Finding>,
    /// About the run as a whole.
    pub(crate) checks: Vec<Check>,
    /// Whether somebody ended it early: it has only what was measured until then, and nothing was read
    /// back.
    #[serde(default)]
    pub(crate) is_interrupted: bool,
}

/// The server that was put under load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Server {
    /// `spawned`, or where it was.
    pub(crate) target: String,
    /// `sqlite` or `postgres`; unknown of a server elsewhere.
    pub(crate) database: String,
    pub(crate) profile: String,
    pub(crate) build: String,
    /// From the start to the first answer, in milliseconds.
    pub(crate) started_ms: Option<f64>,
    /// What was set for this run, as `KEY=VALUE`.
    #[serde(default)]
    pub(crate) settings: Vec<String>,
}

/// One load, or several of the same kind whose measurements are pooled.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) scenario: String,
    pub(crate) model: Model,
    pub(crate) users: usize,
    pub(crate) repeats: usize,
    pub(crate) recording: Recording,
    /// Requests under way on average, as somebody else has counted them.
    pub(crate) in_flight: f64,
    pub(crate) cost: Cost,
    pub(crate) checks: Vec<Check>,
    pub(crate) verdicts: Vec<Verdict>,
    /// Whether it is a rung of a ladder, which tells of it.
    pub(crate) is_rung: bool,
    /// How often it was brought before, and forgotten because something disturbed it.
    #[serde(default)]
    pub(crate) disturbed: usize,
    /// What else has to be true, in words.
    pub(crate) claims: Vec<Check>,
}

impl Run {
    /// What the run comes to.
    ///
    /// Lost data is a fact whatever the clocks were worth; everything else needs a valid run.
    pub(crate) fn exit(&self) -> Exit {
        if self.is_interrupted {
            return Exit::Interrupted;
        }
        if !self.findings.iter().all(Finding::holds) {
            return Exit::Failed;
        }
        if self.invalid().next().is_some() {
            return Exit::Invalid;
        }
        let held = self.sections.iter().all(Section::holds);
        if held { Exit::Passed } else { Exit::Failed }
    }

    /// Checks that make the run invalid, with the section each is about.
    pub(crate) fn invalid(&self) -> impl Iterator<Item = (&str, &Check)> {
        let whole = self.checks.iter().map(|check| ("run", check));
        let sections = self.sections.iter();
        let parts = sections.flat_map(|it| it.checks.iter().map(move |check| (&*it.name, check)));
        whole.chain(parts).filter(|(_, check)| !check.ok)
    }

    pub(crate) fn read(file: &Path) -> Result<Self> {
        let file = if file.is_dir() { file.join("run.json") } else { file.to_owned() };
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let run: Self = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
        ensure!(run.schema == SCHEMA, "{} has schema {}", file.display(), run.schema);
        Ok(run)
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        Ok(fs::write(folder.join("run.json"), serde_json::to_string(self)?)?)
    }
}

impl Section {
    pub(crate) fn holds(&self) -> bool {
        self.verdicts.iter().all(|it| it.pass) && self.claims.iter().all(|it| it.ok)
    }

    /// The load in words.
    pub(crate) fn load(&self) -> String {
        let Self { users, repeats, .. } = self;
        match self.model {
            Model::Burst => format!("{users} at once, {repeats} times"),
            Model::Closed(course) => format!("{users} in a closed loop for {}", length(course)),
            Model::Open { rate, arrivals, course } => {
                let arrivals = format!("{arrivals:?}").to_lowercase();
                format!("{rate:.0}/s for {}, {arrivals} arrivals", length(course))
            }
        }
    }
}

fn length(Course { time, ramp, .. }: Course) -> String {
    if ramp.is_zero() { format!("{time:?}") } else { format!("{time:?}, {ramp:?} of it growing") }
}
