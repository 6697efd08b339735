//! A run as it is stored: `run.json`, from which every report is made.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::finding::{Check, Finding};
use crate::ladder::Ladder;
use crate::load::{Course, Model};
use crate::machine::Machine;
use crate::metrics::Cost;
use crate::objective::Verdict;
use crate::processors::Cores;
use crate::statistics::real;
use crate::tally::{Recording, Tally};
use crate::validity::{LITTLE, OTHERS};

/// The version of the format.
pub(crate) const SCHEMA: u32 = 3;

/// The stage of writes that are committed together.
pub const COMMIT: &str = "group commit";

/// Everything about a run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Run {
    pub(crate) schema: u32,
    /// The command line.
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
    /// Validity of the run as a whole.
    pub(crate) checks: Vec<Check>,
    /// Whether it was ended early: nothing was read back.
    #[serde(default)]
    pub(crate) is_interrupted: bool,
    /// The fault that ended it early.
    #[serde(default)]
    pub(crate) fault: Option<String>,
    /// Whether the server did not answer any more after that fault.
    #[serde(default)]
    pub(crate) is_server_gone: bool,
}

/// The server that was put under load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Server {
    /// `spawned`, or its URL.
    pub(crate) target: String,
    /// `sqlite` or `postgres`; unknown of a server that was not spawned.
    pub(crate) database: String,
    pub(crate) profile: String,
    pub(crate) build: String,
    /// From the start to the first answer, in milliseconds.
    pub(crate) started_ms: Option<f64>,
    /// Settings of this run, as `KEY=VALUE`.
    #[serde(default)]
    pub(crate) settings: Vec<String>,
}

/// One load, or several of the same kind whose measurements are pooled.
#[derive(Debug, Serialize, Deserialize)]
pub struct Section {
    pub(crate) name: String,
    pub(crate) scenario: String,
    pub(crate) model: Model,
    pub(crate) users: usize,
    pub(crate) repeats: usize,
    pub(crate) recording: Recording,
    /// Requests in flight on average, as sampled.
    pub(crate) in_flight: f64,
    pub(crate) cost: Cost,
    pub(crate) checks: Vec<Check>,
    pub(crate) verdicts: Vec<Verdict>,
    /// Whether it is a rung of the ladder.
    pub(crate) is_rung: bool,
    /// A standstill of the server that is too long.
    #[serde(default)]
    pub(crate) standstill: Option<Check>,
    /// Earlier tries of the same load that something disturbed.
    #[serde(default)]
    pub(crate) tries: Vec<Section>,
    /// What else was claimed and judged.
    pub(crate) claims: Vec<Check>,
}

impl Run {
    /// The exit status.
    ///
    /// Lost data and a standstill of the server are facts; everything else needs a valid run.
    pub(crate) fn exit(&self) -> Exit {
        let failed =
            || !self.findings.iter().all(Finding::holds) || self.standstills().next().is_some();
        let held = || self.sections.iter().all(Section::holds);
        match () {
            () if self.is_interrupted => Exit::Interrupted,
            () if failed() => Exit::Failed,
            () if self.is_server_gone => Exit::NoTarget,
            () if self.fault.is_some() => Exit::Broken,
            () if self.invalid().next().is_some() => Exit::Invalid,
            () if held() => Exit::Passed,
            () => Exit::Failed,
        }
    }

    /// Checks that make the run invalid, with the name of their section.
    pub(crate) fn invalid(&self) -> impl Iterator<Item = (&str, &Check)> {
        let whole = self.checks.iter().map(|check| ("run", check));
        let sections = self.sections.iter();
        let parts = sections.flat_map(|it| it.checks.iter().map(move |check| (&*it.name, check)));
        whole.chain(parts).filter(|(_, check)| !check.ok)
    }

    /// Standstills of the server, in every try.
    pub(crate) fn standstills(&self) -> impl Iterator<Item = (&str, &Check)> {
        let tries = self.sections.iter().flat_map(|it| it.tries.iter().chain([it]));
        tries.filter_map(|it| Some((&*it.name, it.standstill.as_ref()?)))
    }

    /// Reads a run from its folder or its file.
    ///
    /// # Errors
    /// When there is none, or one of another format.
    pub fn read(file: &Path) -> Result<Self> {
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

    /// Its loads, in order.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// Its first load, taken out of it.
    pub fn into_first(self) -> Option<Section> {
        self.sections.into_iter().next()
    }

    /// The rungs of the ladder: users, successes a second, and the p95 in microseconds.
    pub fn rungs(&self) -> Vec<(usize, f64, f64)> {
        let rungs = self.ladder.iter().flat_map(|it| &it.rungs);
        rungs.map(|it| (it.users, it.rate, it.p95)).collect()
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

    fn tally(&self, step: &str) -> Option<&Tally> {
        self.recording.steps.get(step)
    }

    /// Successes of a step a second.
    pub fn rate(&self, step: &str) -> f64 {
        self.recording.rate(step)
    }

    /// The 95th percentile of a step in microseconds; none where nothing succeeded.
    pub fn p95(&self, step: &str) -> Option<f64> {
        self.tally(step)?.response.quantile(0.95).map(real)
    }

    /// The share of a step that succeeded; none where nothing was sent.
    pub fn success(&self, step: &str) -> Option<f64> {
        let tally = self.tally(step).filter(|it| it.total() > 0)?;
        Some(real(tally.successes()) / real(tally.total()))
    }

    /// Requests of a step that were refused, those refused without `Retry-After`, and those that failed.
    pub fn unserved(&self, step: &str) -> [u64; 3] {
        let counts = |it: &Tally| [it.refusals(), it.refused_without_when, it.failed];
        self.tally(step).map(counts).unwrap_or_default()
    }

    /// Arrivals that found every user busy.
    pub fn dropped(&self) -> u64 {
        self.recording.dropped
    }

    /// Cores in use; none of a server that was not spawned.
    pub fn cores(&self) -> Option<Cores> {
        self.cost.cores
    }

    /// Resident memory of the server after the load.
    pub fn resident_bytes(&self) -> Option<f64> {
        self.cost.resident_bytes
    }

    /// Whether others used the machine, in spite of all tries.
    pub fn is_disturbed(&self) -> bool {
        self.fails(OTHERS)
    }

    /// Whether the measurement contradicts Little's law.
    pub fn contradicts_little(&self) -> bool {
        self.fails(LITTLE)
    }

    fn fails(&self, check: &str) -> bool {
        self.checks.iter().any(|it| it.name == check && !it.ok)
    }

    /// The share of the time in which a lane was committing, summed over lanes.
    pub fn committing(&self) -> f64 {
        let commits = self.cost.waits.iter().filter(|it| it.stage == COMMIT);
        let busy: f64 = commits.map(|it| real(it.count) * it.mean_us / 1e6).sum();
        self.cost.cores.map_or(0.0, |it| busy / it.seconds.max(f64::EPSILON))
    }

    /// The mean of a stage over all labels, in milliseconds; 0 where it was never reached.
    pub fn mean_ms(&self, stage: &str) -> f64 {
        let waits = self.cost.waits.iter().filter(|it| it.stage == stage);
        let (count, sum) = waits.fold((0.0, 0.0), |(count, sum), it| {
            (count + real(it.count), sum + real(it.count) * it.mean_us)
        });
        if count > 0.0 { sum / count / 1e3 } else { 0.0 }
    }
}

fn length(Course { time, ramp, .. }: Course) -> String {
    if ramp.is_zero() { format!("{time:?}") } else { format!("{time:?}, {ramp:?} of it growing") }
}
