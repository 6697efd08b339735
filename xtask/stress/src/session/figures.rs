//! The figures that the service is built to hold, all in one run.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{Part, Session, find};
use crate::arrivals::Arrivals;
use crate::engine::{self, Course, Live, Load, Model};
use crate::hash;
use crate::validity::Check;

/// How long each closed loop runs unless told otherwise.
const TIME: Duration = Duration::from_secs(5);

/// Log-ins that wait while others are served.
const WAITING: usize = 250;

/// Cost of a hash in the development profile.
pub(super) const COST: u32 = 10;

/// Saves a second that SQLite holds.
const SQLITE_SAVES: &str = "save.rate >= 15000/s";

/// Closed loops of fifty, and what each is held to.
const LOOPS: [(&str, &str, &str); 3] = [
    ("joins, 50 connections", "join", "join.rate >= 9000/s"),
    ("heartbeats, 50 connections", "heartbeat", "heartbeat.rate >= 9000/s"),
    ("rooms by code, 50 connections", "read", "read.rate >= 30000/s"),
];

impl Session<'_> {
    /// Measures them; `pgbench` is what PostgreSQL's own benchmark reached in upserts a second.
    pub(super) async fn figures(&mut self) -> Result<()> {
        let owners =
            ["room.success = 100%", "room.p95 < 50ms", "save.success = 100%", "save.p95 < 50ms"];
        self.burst("50 owners save at once", "save", 50, 10, &owners).await?;
        let visitors = ["join.success = 100%", "join.p95 < 50ms", "rejoin.success = 100%"];
        self.burst("50 visitors join one room", "join", 50, 10, &visitors).await?;
        let many = ["join.success = 100%", "rejoin.success = 100%"];
        self.burst("1,000 visitors join one room", "join", 1000, 1, &many).await?;
        self.saves().await?;
        for (name, scenario, objective) in LOOPS {
            self.closed(name, scenario, &[objective]).await?;
        }
        self.log_ins().await?;
        self.beside_log_ins().await
    }

    async fn burst(
        &mut self,
        name: &str,
        scenario: &str,
        users: usize,
        repeats: usize,
        objectives: &[&str],
    ) -> Result<()> {
        let part = figure(name, scenario, Model::Burst, users, repeats, objectives)?;
        self.measure_undisturbed(part).await.map(|_| ())
    }

    async fn closed(&mut self, name: &str, scenario: &str, objectives: &[&str]) -> Result<usize> {
        let time = self.arguments.time.unwrap_or(TIME);
        let model = Model::Closed(Course::new(self.arguments.warm_up, time));
        self.measure_undisturbed(figure(name, scenario, model, 50, 1, objectives)?).await
    }

    async fn saves(&mut self) -> Result<()> {
        let on_sqlite = self.arguments.db == "sqlite";
        let objectives: &[&str] = if on_sqlite { &[SQLITE_SAVES] } else { &[] };
        let place = self.closed("saves, 50 connections", "save", objectives).await?;
        if let Some(pgbench) = self.arguments.pgbench {
            let section = &mut self.sections[place];
            let rate = section.recording.rate("save");
            let name = "saves/s, of what pgbench upserts at 50 clients";
            section.claims.push(ratio(name, rate, pgbench, 1.0));
        }
        Ok(())
    }

    async fn log_ins(&mut self) -> Result<()> {
        self.progress.say("hashing alone");
        let alone = tokio::task::spawn_blocking(|| hash::rate(COST)).await??;
        let place = self.closed("log-ins, 50 connections", "login", &[]).await?;
        let section = &mut self.sections[place];
        let name = "log-ins/s, of what the hash alone reaches on all cores";
        section.claims.push(ratio(name, section.recording.rate("login"), alone, 0.95));
        Ok(())
    }

    /// Others are served as ever while many wait for their password to be hashed.
    async fn beside_log_ins(&mut self) -> Result<()> {
        let waiting = self.stage.people(WAITING);
        let (scenario, seed) = (find("login")?, self.seed);
        let load = Load { model: Model::Burst, scenario, at_once: None, seed };
        let logging_in = tokio::spawn(engine::run(load, waiting, Arc::new(Live::default())));
        let model = Model::Open {
            rate: 100.0,
            arrivals: Arrivals::Poisson,
            course: Course::new(Duration::from_millis(500), TIME),
        };
        let name = "reads while 250 log-ins wait";
        let objectives = ["read.success = 100%", "read.p99 < 50ms"];
        self.measure(figure(name, "read", model, 200, 1, &objectives)?).await?;
        logging_in.await??;
        Ok(())
    }
}

pub(super) fn figure(
    name: &str,
    scenario: &str,
    model: Model,
    users: usize,
    repeats: usize,
    objectives: &[&str],
) -> Result<Part> {
    let objectives: Result<Vec<_>, _> = objectives.iter().map(|it| it.parse()).collect();
    let objectives = objectives.map_err(anyhow::Error::msg).context("a figure")?;
    let scenario = find(scenario)?;
    Ok(Part { name: name.to_owned(), scenario, model, users, repeats, objectives })
}

pub(super) fn ratio(name: &str, value: f64, of: f64, least: f64) -> Check {
    let ratio = value / of;
    Check {
        name: name.to_owned(),
        value: format!("{ratio:.2} ({value:.0} of {of:.0})"),
        limit: format!(">= {least}"),
        ok: ratio >= least,
    }
}
