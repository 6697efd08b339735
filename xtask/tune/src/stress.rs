//! The load tool, and what is read of the runs that it prints.

use std::collections::BTreeMap;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use tokio::process::Command;

use crate::arguments::Programs;
use crate::profile::CONFIG;

/// A run.
#[derive(Debug, Deserialize)]
pub(crate) struct Run {
    pub(crate) sections: Vec<Section>,
    pub(crate) ladder: Option<Ladder>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Section {
    recording: Recording,
    pub(crate) cost: Cost,
    verdicts: Vec<Verdict>,
    checks: Vec<Check>,
}

/// Something that has to be true of the tool and the machine.
#[derive(Debug, Deserialize)]
struct Check {
    name: String,
    ok: bool,
}

#[derive(Debug, Deserialize)]
struct Recording {
    dropped: u64,
    steps: BTreeMap<String, Tally>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Tally {
    pub(crate) refused: BTreeMap<String, u64>,
    pub(crate) refused_without_when: u64,
    pub(crate) failed: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Cost {
    pub(crate) cores: Option<Cores>,
    pub(crate) resident_bytes: Option<f64>,
    pub(crate) waits: Vec<Wait>,
}

/// Cores in use, on average.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Cores {
    pub(crate) server: f64,
    pub(crate) database: f64,
    /// The load tool's.
    pub(crate) ours: f64,
    /// How long that was.
    pub(crate) seconds: f64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Wait {
    pub(crate) stage: String,
    pub(crate) count: u64,
    pub(crate) mean_us: f64,
}

/// The stage of writes that leave together.
pub(crate) const COMMIT: &str = "group commit";

/// The check that fails when the machine was not ours.
const OTHERS: &str = "others on the machine";

/// The check that fails when rate times time is not what was under way (F3).
const LITTLE: &str = "Little's law";

#[derive(Debug, Deserialize)]
struct Verdict {
    /// As `save.p95 < 50ms`.
    objective: String,
    /// In microseconds, in successes a second, or as a share.
    value: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Ladder {
    pub(crate) rungs: Vec<Rung>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Rung {
    pub(crate) users: usize,
    pub(crate) rate: f64,
    /// In microseconds; none where nothing succeeded.
    pub(crate) p95: Option<f64>,
}

impl Section {
    /// What was measured of a step: its `p95`, its `rate`, its `success`.
    pub(crate) fn value(&self, step: &str, metric: &str) -> Option<f64> {
        let start = format!("{step}.{metric} ");
        self.verdicts.iter().find(|it| it.objective.starts_with(&start))?.value
    }

    pub(crate) fn tally(&self, step: &str) -> Option<&Tally> {
        self.recording.steps.get(step)
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.recording.dropped
    }

    /// Whether others used the machine, however often the load was brought.
    pub(crate) fn is_disturbed(&self) -> bool {
        self.fails(OTHERS)
    }

    /// Whether the measurement contradicts Little's law (F3), and is not to be believed.
    pub(crate) fn contradicts_little(&self) -> bool {
        self.fails(LITTLE)
    }

    fn fails(&self, check: &str) -> bool {
        self.checks.iter().any(|it| it.name == check && !it.ok)
    }

    /// Of the time, how much of it a lane was committing: 1 is all of it, of a single one.
    pub(crate) fn committing(&self) -> f64 {
        let commits = self.cost.waits.iter().filter(|it| it.stage == COMMIT);
        let busy: f64 = commits.map(|it| real(it.count) * it.mean_us / 1e6).sum();
        self.cost.cores.map_or(0.0, |it| busy / it.seconds.max(f64::EPSILON))
    }

    /// The mean of a stage over all its labels, in milliseconds; 0 where it was never reached.
    pub(crate) fn mean_ms(&self, stage: &str) -> f64 {
        let waits = || self.cost.waits.iter().filter(|it| it.stage == stage);
        let count: f64 = waits().map(|it| real(it.count)).sum();
        let sum: f64 = waits().map(|it| real(it.count) * it.mean_us).sum();
        if count > 0.0 { sum / count / 1e3 } else { 0.0 }
    }
}

#[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 of anything")]
fn real(count: u64) -> f64 {
    count as f64
}

/// Where two cores are all there is, a fifth of one less is a fifth of the rate less.
const QUIET: [&str; 4] = ["--others-max", "0.2", "--tries", "5"];
const BUSY: [&str; 1] = ["--allow-busy"];

/// Brings a load; `words` are what `cargo xtask stress` takes.
///
/// What the tool thinks of the run does not matter here: more than can be served, and fewer samples
/// than a verdict needs, are the point. But the machine has to be quiet, which the tool waits for.
pub(crate) async fn run(programs: &Programs, kind: &str, words: &[&str]) -> Result<Run> {
    let url =
        programs.database_url.as_deref().context("DATABASE_URL: call it as `cargo xtask tune`")?;
    let mut command = Command::new(&programs.stress);
    command.args(words).args(["--json", "--db", kind]);
    command.args(if programs.allow_busy { &BUSY[..] } else { &QUIET });
    command.args(["--out", "target/tune/runs"]).arg("--server").arg(&programs.server);
    // The server reads the profiles as they are now, and not as they were when it was built.
    let config = std::env::current_dir()?.join(CONFIG);
    command.env("CARDROOM_CONFIG_DIR", config).env("DATABASE_URL", url);
    command.kill_on_drop(true).stdin(Stdio::null()).stderr(Stdio::piped());
    let output = command.output().await.context("cannot run stress")?;
    match serde_json::from_slice(&output.stdout) {
        Ok(run) => Ok(run),
        Err(error) => bail!(
            "stress {}: {} ({error})",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        ),
    }
}
