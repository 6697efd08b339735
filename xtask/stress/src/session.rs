//! One run: sets the stage, brings load after load, and reads back what was promised.

mod figures;
mod hang;
mod overload;
mod part;
mod realtime;
mod rungs;
mod slow;
mod soak;
mod undisturbed;
mod waiting;

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::{Context as _, Result};
use chrono::{SecondsFormat, Utc};

use crate::arguments::RunArguments;
use crate::engine::{self, Live, Load, Model, Sampled};
use crate::evidence::Evidence;
use crate::interruption::Interrupted;
use crate::ladder::Ladder;
use crate::machine::{self, Machine};
use crate::metrics::{Cost, Scrape};
use crate::person::Person;
use crate::processors::Used;
use crate::progress::Progress;
use crate::record::{Run, SCHEMA, Section, Server};
use crate::scenario::{self, Scenario};
use crate::slo::{Gate, Slo};
use crate::stage::Stage;
use crate::tally::Recording;
use crate::target::Target;
use crate::validity;
use crate::verify::{Finding, verify};
use part::Part;
pub(crate) use realtime::NAME as REALTIME;

/// What is run when nothing is asked for.
const DEFAULT: [&str; 3] = ["login", "save", "join"];

/// People at once where nothing says how many.
const USERS: usize = 50;

/// A run that is under way.
pub(crate) struct Session<'a> {
    arguments: &'a RunArguments,
    slo: &'a Slo,
    stage: Stage,
    /// The process of the server, where it is ours.
    pid: Option<i32>,
    progress: Progress,
    seed: u64,
    evidence: Evidence,
    sections: Vec<Section>,
    ladder: Option<Ladder>,
    /// What was found while load was brought.
    findings: Vec<Finding>,
}

/// Puts `target` under load as asked. After an interruption the run is what was measured until then.
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
    let url = target.url();
    let wanted = arguments.users().unwrap_or(USERS);
    let progress = Progress::new(arguments.json);
    progress.say("making accounts");
    let mut interruption = pin!(interruption);
    let stage = tokio::select! {
        biased;
        () = &mut interruption => return Err(Interrupted.into()),
        stage = Stage::set(target, wanted, seed) => stage?,
    };
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
    let is_interrupted = tokio::select! {
        biased;
        () = &mut interruption => true,
        outcome = session.work() => outcome.map(|()| false)?,
    };
    session.progress.finish();
    let build = Scrape::of(&url).await.build();
    let checks = vec![validity::build(build.as_deref())];
    Ok(Run {
        schema: SCHEMA,
        command: command(),
        started,
        commit: machine::commit(),
        seed,
        machine: Machine::here(),
        server: Server { build: build.unwrap_or_else(|| "unknown".to_owned()), ..server },
        sections: session.sections,
        ladder: session.ladder,
        findings: session.findings,
        checks,
        is_interrupted,
    })
}

/// What a server needs set for one of these, as named in the environment.
pub(crate) fn settings_of(name: &str) -> &'static [(&'static str, &'static str)] {
    match name {
        "waiting" => &waiting::SETTINGS,
        _ => &[],
    }
}

/// As it was typed, more or less.
fn command() -> String {
    let hidden = |word: &String| !word.starts_with("--server=");
    let words = std::env::args().skip(1).filter(hidden).collect::<Vec<_>>();
    format!("cargo xtask stress {}", words.join(" ")).trim_end().to_owned()
}

impl Session<'_> {
    /// Does all that was asked, and reads back what was promised.
    async fn work(&mut self) -> Result<()> {
        for name in self.names()? {
            self.scenario(&name).await?;
        }
        self.progress.say("reading back what was promised");
        let url = self.stage.target.url();
        let mut findings = verify(&url, &self.evidence).await.context("while reading back")?;
        findings.append(&mut self.findings);
        self.findings = findings;
        Ok(())
    }

    fn gate(&self) -> Option<&Gate> {
        self.slo.gate.get(self.arguments.gate.as_ref()?)
    }

    fn names(&self) -> Result<Vec<String>> {
        if let Some(gate) = &self.arguments.gate {
            let gate = self.slo.gate.get(gate).with_context(|| format!("no gate `{gate}`"))?;
            return Ok(gate.scenarios.clone());
        }
        if self.arguments.scenarios.is_empty() {
            return Ok(DEFAULT.map(str::to_owned).to_vec());
        }
        Ok(self.arguments.scenarios.clone())
    }

    /// Cores that others may use meanwhile.
    fn others_max(&self) -> f64 {
        if self.arguments.allow_busy {
            return f64::INFINITY;
        }
        let said = self.gate().and_then(|it| it.others_cores_max);
        self.arguments.others_max.or(said).unwrap_or(self.slo.validity.others_cores_max)
    }

    async fn scenario(&mut self, name: &str) -> Result<()> {
        match name {
            "ladder" => self.climb().await,
            "overload" => self.overload().await,
            "waiting" => self.waiting().await,
            "slow" => self.slow().await,
            "hang" => self.hang().await,
            "soak" => self.soak().await,
            "figures" => self.figures().await,
            REALTIME => self.realtime().await,
            name => {
                let part = self.part(find(name)?)?;
                self.measure_undisturbed(part).await.map(|_| ())
            }
        }
    }

    /// Brings one load, and keeps what it showed; gives the place of its section.
    async fn measure(&mut self, part: Part) -> Result<usize> {
        self.measure_with(part, None).await
    }

    /// A person for each of `users`, with a room.
    async fn ready(&self, scenario: &dyn Scenario, users: usize) -> Result<Vec<Person>> {
        let mut people = self.stage.people(users);
        self.stage.open_rooms(scenario.rooms(false), &mut people).await?;
        Ok(people)
    }

    /// The same with people who are ready, if there are some: when no room can be opened.
    async fn measure_with(&mut self, part: Part, ready: Option<Vec<Person>>) -> Result<usize> {
        let Part { name, scenario, model, users, repeats, objectives } = part;
        let url = self.stage.target.url();
        let is_ready = ready.is_some();
        let mut people = ready.unwrap_or_else(|| self.stage.people(users));
        let (live, sampled) = (Arc::new(Live::default()), Arc::new(Mutex::new(Sampled::default())));
        let sampling = tokio::spawn(engine::sample(live.clone(), sampled.clone()));
        let bar = self.progress.load(&name, model, repeats, live.clone());
        let before = Scrape::of(&url).await;
        let used = self.pid.map(|pid| (pid, Used::now(pid), Instant::now()));
        let mut recording = Recording::default();
        for repeat in 0..repeats {
            if !is_ready {
                let rooms = scenario.rooms(model == Model::Burst);
                self.stage.open_rooms(rooms, &mut people).await?;
            }
            people.iter_mut().for_each(Person::forget);
            let seed = self.seed.wrapping_add(repeat as u64);
            let load = Load { model, scenario, at_once: Some(users), seed };
            let measured;
            (measured, people) = engine::run(load, people, live.clone()).await?;
            recording.merge(&measured);
            bar.repeated();
        }
        bar.finish();
        sampling.abort();
        let cores = used
            .map(|(pid, used, start)| Used::now(pid).since(used, start.elapsed().as_secs_f64()));
        let cost = Cost { cores, ..Scrape::of(&url).await.since(&before) };
        for person in people {
            self.evidence.add(person.evidence);
        }
        let sampled = sampled.lock().map(|it| *it).unwrap_or_default();
        let limits = match self.gate() {
            Some(gate) => self.slo.validity.widened(gate.headroom),
            None => self.slo.validity,
        };
        let mut checks = validity::checks(&limits, model, scenario.step(), &recording, sampled);
        checks.extend(cores.map(|it| validity::others(self.others_max(), it)));
        let verdicts = objectives.iter().map(|it| it.judge(&recording)).collect();
        self.sections.push(Section {
            name,
            scenario: scenario.name().to_owned(),
            model,
            users,
            repeats,
            recording,
            in_flight: sampled.mean,
            cost,
            checks,
            verdicts,
            is_rung: false,
            disturbed: 0,
            claims: Vec::new(),
        });
        Ok(self.sections.len() - 1)
    }
}

fn find(name: &str) -> Result<&'static dyn Scenario> {
    scenario::by_name(name).with_context(|| {
        let all: Vec<_> = scenario::ALL.iter().map(|it| it.name()).collect();
        format!(
            "no scenario `{name}`: there are {}, realtime, ladder, overload, waiting, slow, hang, soak and \
             figures",
            all.join(", ")
        )
    })
}
