//! One run: sets the stage, applies load after load, and reads back what was acknowledged.

mod figures;
mod hang;
mod neighbour;
mod observation;
mod overload;
mod part;
mod realtime;
mod rungs;
mod slow;
mod soak;
mod special;
mod undisturbed;
mod waiting;

use std::pin::pin;

use anyhow::{Context as _, Result, bail, ensure};
use chrono::{SecondsFormat, Utc};

use crate::arguments::RunArguments;
use crate::engine::{self, Load};
use crate::evidence::Evidence;
use crate::finding::Finding;
use crate::http::Request;
use crate::ladder::Ladder;
use crate::load::Model;
use crate::machine::{self, Machine};
use crate::metrics::Scrape;
use crate::progress::Progress;
use crate::record::{Run, SCHEMA, Section, Server};
use crate::scenario::{self, Scenario};
use crate::slo::{Gate, Slo};
use crate::stage::Stage;
use crate::tally::Recording;
use crate::target::Target;
use crate::user::User;
use crate::validity;
use crate::verify::verify;
use observation::{Observation, Observed};
use part::Part;
pub(crate) use special::{catalog, find_special};

/// The scenarios of a run without arguments.
const DEFAULT: [&str; 3] = ["login", "save", "join"];

/// Users at once by default.
const USERS: usize = 50;

/// A run that is under way.
pub(crate) struct Session<'a> {
    arguments: &'a RunArguments,
    slo: &'a Slo,
    stage: Stage,
    /// The process of a spawned server.
    pid: Option<i32>,
    progress: Progress,
    seed: u64,
    evidence: Evidence,
    sections: Vec<Section>,
    ladder: Option<Ladder>,
    findings: Vec<Finding>,
}

/// A run was ended before anything was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// Puts `target` under load. A run that is interrupted, or whose server is gone, has what was measured until
/// then.
pub(crate) async fn run(
    arguments: &RunArguments,
    slo: &Slo,
    target: Target,
    server: Server,
    pid: Option<i32>,
    interruption: impl Future<Output = ()>,
) -> Result<Run> {
    let seed = arguments.seed.unwrap_or_else(|| rand::random::<u32>().into());
    let started = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let progress = Progress::new(arguments.json);
    progress.say("making accounts");
    let mut interruption = pin!(interruption);
    let stage = tokio::select! {
        biased;
        () = &mut interruption => return Err(Interrupted.into()),
        stage = Stage::set(target, arguments.users().unwrap_or(USERS), seed) => stage?,
    };
    let build = Scrape::of(&stage.client).await.build();
    let mut session = Session {
        arguments,
        slo,
        stage,
        pid,
        progress,
        seed,
        evidence: Evidence::default(),
        sections: Vec::new(),
        ladder: None,
        findings: Vec::new(),
    };
    let (is_interrupted, fault) = tokio::select! {
        biased;
        () = &mut interruption => (true, None),
        outcome = session.work() => (false, outcome.err()),
    };
    progress.finish();
    let is_server_gone = fault.is_some() && !session.answers().await;
    let fault = match fault {
        Some(fault) if session.sections.is_empty() => bail!(fault),
        fault => fault.map(|it| session.describe(&it)),
    };
    Ok(Run {
        schema: SCHEMA,
        command: command(),
        started,
        commit: machine::commit(),
        seed,
        machine: Machine::here(),
        checks: vec![validity::build(build.as_deref())],
        server: Server { build: build.unwrap_or_else(|| "unknown".to_owned()), ..server },
        sections: session.sections,
        ladder: session.ladder,
        findings: session.findings,
        is_interrupted,
        fault,
        is_server_gone,
    })
}

/// The command line, more or less.
fn command() -> String {
    let words = std::env::args().skip(1).collect::<Vec<_>>();
    format!("cargo xtask stress {}", words.join(" ")).trim_end().to_owned()
}

/// The scenario of that name.
fn find(name: &str) -> Result<&'static Scenario> {
    scenario::by_name(name).with_context(|| {
        let all: Vec<_> = catalog().map(|it| it.0).collect();
        format!("no scenario `{name}`: there are {}", all.join(", "))
    })
}

impl Session<'_> {
    /// Applies every load, and reads back what was acknowledged.
    async fn work(&mut self) -> Result<()> {
        for name in self.names()? {
            match find_special(&name) {
                Some(special) => (special.work)(self).await?,
                None => _ = self.measure_undisturbed(self.part(find(&name)?)?).await?,
            }
        }
        self.progress.say("reading back what was acknowledged");
        let findings = verify(&self.stage.client, &self.evidence).await;
        self.findings.splice(0..0, findings.context("while reading back")?);
        Ok(())
    }

    /// Whether the server answers at all.
    async fn answers(&self) -> bool {
        self.stage.client.send(&Request::new("GET", "/health")).await.is_ok()
    }

    /// A fault that ended the run, with what could not be read back because of it.
    fn describe(&self, fault: &anyhow::Error) -> String {
        let Evidence { saves, joins, .. } = &self.evidence;
        format!(
            "{fault:#}; {} acknowledged saves and {} joins could not be verified",
            saves.len(),
            joins.len()
        )
    }

    fn gate(&self) -> Option<&Gate> {
        self.slo.gate.get(self.arguments.gate.as_ref()?)
    }

    /// The names to run; each exists.
    fn names(&self) -> Result<Vec<String>> {
        let names = match &self.arguments.gate {
            Some(gate) => {
                let gate = self.slo.gate.get(gate).with_context(|| format!("no gate `{gate}`"))?;
                gate.scenarios.clone()
            }
            None if self.arguments.scenarios.is_empty() => DEFAULT.map(str::to_owned).to_vec(),
            None => self.arguments.scenarios.clone(),
        };
        for name in &names {
            ensure!(find_special(name).is_some() || find(name)?.name == name, "{name}");
        }
        Ok(names)
    }

    /// Cores that others may use meanwhile.
    fn others_max(&self) -> f64 {
        if self.arguments.allow_busy {
            return f64::INFINITY;
        }
        let said = self.gate().and_then(|it| it.others_cores_max);
        self.arguments.others_max.or(said).unwrap_or(self.slo.validity.others_cores_max)
    }

    fn limits(&self) -> validity::Limits {
        let headroom = self.gate().map(|it| it.headroom);
        headroom.map_or(self.slo.validity, |it| self.slo.validity.widened(it))
    }

    /// Makes `count` users, each with the room that the scenario needs.
    async fn ready(&self, scenario: &Scenario, count: usize) -> Result<Vec<User>> {
        let mut users = self.stage.users(count);
        self.stage.open_rooms(scenario.rooms(false), &mut users).await?;
        Ok(users)
    }

    /// Applies one load, and stores its section; returns the section's index.
    async fn measure(&mut self, part: Part) -> Result<usize> {
        self.measure_with(part, None).await
    }

    /// The same with users made earlier, for a server on which no room can be opened.
    async fn measure_with(&mut self, part: Part, ready: Option<Vec<User>>) -> Result<usize> {
        let opens_rooms = ready.is_none();
        let mut users = ready.unwrap_or_else(|| self.stage.users(part.users));
        let observation = self.observe(&part.name).await;
        let mut recording = Recording::default();
        let mut outcome = Ok(());
        for repeat in 0..part.repeats {
            if opens_rooms {
                let rooms = part.scenario.rooms(part.model == Model::Burst);
                outcome = self.stage.open_rooms(rooms, &mut users).await;
            }
            if outcome.is_err() {
                break;
            }
            users.iter_mut().for_each(User::forget);
            let seed = self.seed.wrapping_add(repeat as u64);
            let Part { model, scenario, users: at_once, .. } = part;
            let load = Load { model, scenario, at_once: Some(at_once), seed };
            let (measured, again) = engine::run(load, users, observation.live.clone()).await?;
            users = again;
            recording.merge(&measured);
        }
        let observed = observation.end(&self.stage.client).await;
        for user in users {
            self.evidence.add(user.evidence);
        }
        let index = self.conclude(part, recording, observed);
        // What was measured before the fault is kept.
        outcome.map(|()| index)
    }

    async fn observe(&self, name: &str) -> Observation {
        Observation::begin(&self.stage.client, self.pid, self.progress, name).await
    }

    /// Stores the section of a load; returns its index.
    fn conclude(&mut self, part: Part, recording: Recording, observed: Observed) -> usize {
        let Part { name, scenario, model, users, repeats, objectives } = part;
        let limits = self.limits();
        let sampled = observed.sampled;
        let mut checks = validity::checks(&limits, model, scenario.step, &recording, sampled);
        let cores = observed.cost.cores;
        checks.extend(cores.map(|it| validity::others(self.others_max(), it)));
        let verdicts = objectives.iter().map(|it| it.judge(&recording)).collect();
        self.sections.push(Section {
            name,
            scenario: scenario.name.to_owned(),
            model,
            users,
            repeats,
            recording,
            in_flight: sampled.mean,
            cost: observed.cost,
            checks,
            verdicts,
            is_rung: false,
            standstill: validity::standstill(&limits, observed.standstill),
            tries: Vec::new(),
            claims: Vec::new(),
        });
        self.sections.len() - 1
    }
}
