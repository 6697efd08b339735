//! Others are served while many wait for their password to be hashed.

use std::sync::{Arc, Mutex};
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use super::{Part, Session, find};
use crate::client::Client;
use crate::engine::{self, Load};
use crate::finding::Check;
use crate::load::Model;
use crate::metrics::Scrape;
use crate::scenario::RETRIED_LOGIN;
use crate::statistics::real;
use crate::tally::Recording;
use crate::watch::Live;

/// Log-ins that wait, besides those whose hash is being computed.
const WAITING: usize = 250;

/// Log-ins beyond the length of the queue.
const TOO_MANY: usize = 10;

/// A queue of exactly that length, without a limit by time.
pub(super) const SETTINGS: [(&str, &str); 2] =
    [("CARDROOM__HASHING__QUEUE", "250"), ("CARDROOM__HASHING__WAIT_MAX_MS", "60000")];

/// Other requests a second, and enough users that a request never waits for a free one.
const RATE: f64 = 400.0;
const USERS: usize = 200;

/// Measured time by default.
const TIME: Duration = Duration::from_secs(10);

/// The log-ins go on for so long after the measurement.
const MARGIN: Duration = Duration::from_secs(3);

const SAMPLE_EVERY: Duration = Duration::from_millis(500);

const OBJECTIVES: [&str; 8] = [
    "save.success = 100%",
    "save.p99 < 50ms",
    "read.success = 100%",
    "read.p99 < 50ms",
    "join.success = 100%",
    "join.p99 < 50ms",
    "health.success = 100%",
    "health.p99 < 50ms",
];

impl Session<'_> {
    pub(super) async fn waiting(&mut self) -> Result<()> {
        let threads = available_parallelism()?.get();
        let before = self.hash_alone().await?;
        let alone = Model::closed(Duration::ZERO, Duration::from_secs(5));
        let name = format!("{WAITING} log-ins wait, without others");
        let part = Part::new(name, "login", alone, WAITING + threads, &[])?;
        let index = self.measure(Part { scenario: &RETRIED_LOGIN, ..part }).await?;
        let hashes = f64::midpoint(before, self.hash_alone().await?);
        let section = &mut self.sections[index];
        let rate = section.recording.rate("login");
        let name = "log-ins/s, of what the hash alone reaches before and after";
        section.claims.push(Check::ratio(name, rate, hashes, 0.95));
        self.beside(WAITING + threads, hashes).await
    }

    /// Measures others while `places` log in at the same time, and a few more find no place.
    async fn beside(&mut self, places: usize, hashes: f64) -> Result<()> {
        let time = self.arguments.time.unwrap_or(TIME);
        let model = Model::closed(Duration::ZERO, time + MARGIN);
        let load = Load { model, scenario: &RETRIED_LOGIN, at_once: None, seed: self.seed };
        let users = self.stage.users(places + TOO_MANY);
        // Preparing the others while so many wait would take longer than the log-ins last.
        let others = self.ready(find("quick")?, USERS).await?;
        let logging_in = tokio::spawn(engine::run(load, users, Arc::new(Live::default())));
        // Until all of them have arrived.
        sleep(Duration::from_secs(1)).await;
        let depth = Depth::watch(Client::new(self.stage.target.clone()));
        let model = Model::open(RATE, Duration::from_millis(500), time);
        let name = format!("others while {WAITING} log-ins wait");
        let part = Part::new(name, "quick", model, USERS, &OBJECTIVES)?;
        let index = self.measure_with(part, Some(others)).await?;
        let waiting = depth.mean() - real((places - WAITING) as u64);
        self.progress.say("the log-ins end");
        let (log_ins, _) = logging_in.await??;
        self.sections[index].claims.extend(claims(waiting, &log_ins, hashes));
        Ok(())
    }
}

fn claims(waiting: f64, log_ins: &Recording, hashes: f64) -> Vec<Check> {
    let tally = log_ins.steps.get("login").cloned().unwrap_or_default();
    let refusals = tally.refusals();
    let slowest = tally.unserved.longest().map_or(0.0, real) / 1e3;
    let least = real(WAITING as u64) * 0.98;
    vec![
        Check::new(
            "log-ins that waited meanwhile, on average",
            format!("{waiting:.1}"),
            format!(">= {least:.0}"),
            waiting >= least,
        ),
        Check::new(
            "log-ins beyond these",
            format!(
                "{refusals} refused, {} without Retry-After, {} failed; slowest {slowest:.1} ms",
                tally.refused_without_when, tally.failed,
            ),
            "all refused, with Retry-After",
            refusals > 0 && tally.refused_without_when == 0 && tally.failed == 0,
        ),
        Check::ratio(
            "log-ins/s beside the others, of the hash alone",
            log_ins.rate("login"),
            hashes,
            0.5,
        ),
    ]
}

/// Samples the depth of the queue of the hashing lane.
struct Depth {
    _task: JoinSet<()>,
    samples: Arc<Mutex<Vec<f64>>>,
}

impl Depth {
    fn watch(client: Client) -> Self {
        let samples = Arc::new(Mutex::new(Vec::new()));
        let shared = samples.clone();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut clock = interval(SAMPLE_EVERY);
            loop {
                clock.tick().await;
                let depth = Scrape::of(&client).await.number("cardroom_hashing_queue_depth");
                if let (Some(depth), Ok(mut samples)) = (depth, shared.lock()) {
                    samples.push(depth);
                }
            }
        });
        Self { _task: task, samples }
    }

    /// The mean depth; 0 without a sample.
    fn mean(self) -> f64 {
        let samples = self.samples.lock().map(|it| it.clone()).unwrap_or_default();
        samples.iter().sum::<f64>() / real(samples.len().max(1) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_ins_beyond_the_queue_have_to_be_refused() {
        let mut log_ins = Recording { seconds: 10.0, ..Recording::default() };
        let ok = |log_ins: &Recording, waiting| {
            claims(waiting, log_ins, 0.0).iter().map(|it| it.ok).collect::<Vec<_>>()
        };
        assert_eq!(ok(&log_ins, 250.0)[..2], [true, false], "none was refused");

        log_ins.steps.entry("login".into()).or_default().refused.insert(503, 5);
        assert_eq!(ok(&log_ins, 250.0)[..2], [true, true]);
        assert_eq!(ok(&log_ins, 100.0)[..2], [false, true], "too few waited");

        log_ins.steps.entry("login".into()).or_default().failed = 1;
        assert_eq!(ok(&log_ins, 250.0)[..2], [true, false]);
    }
}
