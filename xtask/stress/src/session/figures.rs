//! The figures of the service that have targets, all in one run.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{Part, Session, find};
use crate::engine::{self, Load};
use crate::finding::Check;
use crate::hash;
use crate::load::Model;
use crate::pgbench;
use crate::watch::Live;

/// Time of each closed loop by default.
const TIME: Duration = Duration::from_secs(5);

/// Log-ins that wait while others are served.
const WAITING: usize = 250;

/// Cost of a hash in the development profile.
pub(super) const COST: u32 = 10;

/// Closed loops of fifty users, and the rate that each is held to.
const LOOPS: [(&str, &str, &str); 3] = [
    ("joins, 50 connections", "join", "join.rate >= 9000/s"),
    ("heartbeats, 50 connections", "heartbeat", "heartbeat.rate >= 9000/s"),
    ("rooms by code, 50 connections", "read", "read.rate >= 30000/s"),
];

impl Session<'_> {
    pub(super) async fn figures(&mut self) -> Result<()> {
        let owners =
            ["room.success = 100%", "room.p95 < 50ms", "save.success = 100%", "save.p95 < 50ms"];
        self.burst("50 owners save at once", "save", (50, 10), &owners).await?;
        let visitors = ["join.success = 100%", "join.p95 < 50ms", "rejoin.success = 100%"];
        self.burst("50 visitors join one room", "join", (50, 10), &visitors).await?;
        let many = ["join.success = 100%", "rejoin.success = 100%"];
        self.burst("1,000 visitors join one room", "join", (1000, 1), &many).await?;
        self.saves(true).await?;
        for (name, scenario, objective) in LOOPS {
            self.closed(name, scenario, 50, &[objective]).await?;
        }
        self.log_ins().await?;
        self.beside_log_ins().await
    }

    /// Saves, joins and heartbeats a second; only their success is judged.
    pub(super) async fn bench(&mut self) -> Result<()> {
        self.saves(false).await?;
        self.closed("saves, 200 connections", "save", 200, &["save.success = 100%"]).await?;
        self.closed("joins, 50 connections", "join", 50, &["join.success = 100%"]).await?;
        let objective = ["heartbeat.success = 100%"];
        self.closed("heartbeats, 50 connections", "heartbeat", 50, &objective).await.map(|_| ())
    }

    async fn burst(
        &mut self,
        name: &str,
        scenario: &str,
        (users, repeats): (usize, usize),
        objectives: &[&str],
    ) -> Result<()> {
        let part = Part::new(name, scenario, Model::Burst, users, objectives)?;
        self.measure_undisturbed(Part { repeats, ..part }).await.map(|_| ())
    }

    async fn closed(
        &mut self,
        name: &str,
        scenario: &str,
        users: usize,
        objectives: &[&str],
    ) -> Result<usize> {
        let time = self.arguments.time.unwrap_or(TIME);
        let model = Model::closed(self.arguments.warm_up, time);
        self.measure_undisturbed(Part::new(name, scenario, model, users, objectives)?).await
    }

    /// Saves, on PostgreSQL beside its own benchmark.
    async fn saves(&mut self, judged: bool) -> Result<()> {
        let on_sqlite = self.arguments.db == "sqlite";
        let objectives: &[&str] =
            if judged && on_sqlite { &["save.rate >= 15000/s"] } else { &["save.success = 100%"] };
        self.progress.say("pgbench");
        let beside = pgbench::rate_of_given().await?;
        let index = self.closed("saves, 50 connections", "save", 50, objectives).await?;
        if let Some(beside) = beside {
            let section = &mut self.sections[index];
            let name = "saves/s, of what pgbench upserts at 50 clients";
            let least = if judged { 1.0 } else { 0.0 };
            let rate = section.recording.rate("save");
            section.claims.push(Check::ratio(name, rate, beside, least));
        }
        Ok(())
    }

    async fn log_ins(&mut self) -> Result<()> {
        let alone = self.hash_alone().await?;
        let index = self.closed("log-ins, 50 connections", "login", 50, &[]).await?;
        let section = &mut self.sections[index];
        let name = "log-ins/s, of what the hash alone reaches on all cores";
        section.claims.push(Check::ratio(name, section.recording.rate("login"), alone, 0.95));
        Ok(())
    }

    /// Hashes a second on all cores.
    pub(super) async fn hash_alone(&self) -> Result<f64> {
        self.progress.say("hashing alone");
        tokio::task::spawn_blocking(|| hash::rate_of_all_cores(COST)).await?
    }

    /// Reads while many wait for their password to be hashed.
    async fn beside_log_ins(&mut self) -> Result<()> {
        let waiting = self.stage.users(WAITING);
        let (scenario, seed) = (find("login")?, self.seed);
        let load = Load { model: Model::Burst, scenario, at_once: None, seed };
        let logging_in = tokio::spawn(engine::run(load, waiting, Arc::new(Live::default())));
        let model = Model::open(100.0, Duration::from_millis(500), TIME);
        let objectives = ["read.success = 100%", "read.p99 < 50ms"];
        let part = Part::new("reads while 250 log-ins wait", "read", model, 200, &objectives)?;
        self.measure(part).await?;
        logging_in.await?.context("the log-ins")?;
        Ok(())
    }
}
