//! Others are served as ever while many wait for their password to be hashed.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep};

use super::figures::{COST, figure, ratio};
use super::{Session, find};
use crate::arrivals::Arrivals;
use crate::engine::{self, Course, Live, Load, Model};
use crate::hash;
use crate::metrics::Scrape;
use crate::scenario::PatientLogin;
use crate::statistics::real;
use crate::tally::Recording;
use crate::validity::Check;

/// Log-ins that wait, not counting those whose hash is computed.
const WAITING: usize = 250;

/// People who find no place any more.
const TOO_MANY: usize = 10;

/// So many may wait and no more, for as long as they like: elsewhere the time decides.
pub(super) const SETTINGS: [(&str, &str); 2] =
    [("CARDROOM__HASHING__QUEUE", "250"), ("CARDROOM__HASHING__WAIT_MAX_MS", "60000")];

/// Requests of others a second.
const RATE: f64 = 400.0;

/// Others, so that nobody waits for somebody else's answer.
const PEOPLE: usize = 200;

/// How long the others are measured unless told otherwise.
const TIME: Duration = Duration::from_secs(10);

/// How long the log-ins go on beyond that: their end must come later.
const MARGIN: Duration = Duration::from_secs(3);

const LOOK_EVERY: Duration = Duration::from_millis(500);

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
        let alone = Model::Closed(Course::new(Duration::ZERO, Duration::from_secs(5)));
        let name = format!("{WAITING} log-ins wait, nobody else is there");
        let mut part = figure(&name, "login", alone, WAITING + threads, 1, &[])?;
        part.scenario = &PatientLogin;
        let place = self.measure(part).await?;
        let hashes = f64::midpoint(before, self.hash_alone().await?);
        let section = &mut self.sections[place];
        let rate = section.recording.rate("login");
        let name = "log-ins/s, of what the hash alone reaches before and after";
        section.claims.push(ratio(name, rate, hashes, 0.95));
        self.beside(WAITING + threads, hashes).await
    }

    async fn hash_alone(&self) -> Result<f64> {
        self.progress.say("hashing alone");
        tokio::task::spawn_blocking(|| hash::rate(COST)).await?
    }

    /// `places` log in at the same time, a few more find no place, and others do what they do.
    async fn beside(&mut self, places: usize, hashes: f64) -> Result<()> {
        let time = self.arguments.time.unwrap_or(TIME);
        let crowd = Model::Closed(Course::new(Duration::ZERO, time + MARGIN));
        let load = Load { model: crowd, scenario: &PatientLogin, at_once: None, seed: self.seed };
        let people = self.stage.people(places + TOO_MANY);
        // To get the others ready while so many wait takes longer than the log-ins last.
        let others = self.ready(find("quick")?, PEOPLE).await?;
        let logging_in = tokio::spawn(engine::run(load, people, Arc::new(Live::default())));
        // Until all of them have come.
        sleep(Duration::from_secs(1)).await;
        let looking = Looking::start(self.stage.target.url());
        let course = Course::new(Duration::from_millis(500), time);
        let model = Model::Open { rate: RATE, arrivals: Arrivals::Poisson, course };
        let name = format!("others while {WAITING} log-ins wait");
        let part = figure(&name, "quick", model, PEOPLE, 1, &OBJECTIVES)?;
        let place = self.measure_with(part, Some(others)).await?;
        let waiting = looking.mean() - real((places - WAITING) as u64);
        self.progress.say("the log-ins end");
        let (log_ins, _) = logging_in.await??;
        self.sections[place].claims.extend(claims(waiting, &log_ins, hashes));
        Ok(())
    }
}

fn claims(waiting: f64, log_ins: &Recording, hashes: f64) -> Vec<Check> {
    let tally = log_ins.steps.get("login").cloned().unwrap_or_default();
    let refusals = tally.refusals();
    let slowest = tally.unserved.longest().map_or(0.0, real) / 1e3;
    vec![
        Check {
            name: "log-ins that waited meanwhile, on average".to_owned(),
            value: format!("{waiting:.1}"),
            limit: format!(">= {:.0}", real(WAITING as u64) * 0.98),
            ok: waiting >= real(WAITING as u64) * 0.98,
        },
        Check {
            name: "log-ins beyond these".to_owned(),
            value: format!(
                "{refusals} told to come back, {} not told when, {} failed; slowest {slowest:.1} ms",
                tally.refused_without_when, tally.failed,
            ),
            limit: "all told, and when".to_owned(),
            ok: refusals > 0 && tally.refused_without_when == 0 && tally.failed == 0,
        },
        ratio("log-ins/s beside the others, of the hash alone", log_ins.rate("login"), hashes, 0.5),
    ]
}

/// Looks now and then how many are in the lane where passwords are hashed.
struct Looking {
    task: JoinHandle<()>,
    looks: Arc<std::sync::Mutex<Vec<f64>>>,
}

impl Looking {
    fn start(url: String) -> Self {
        let looks = Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = looks.clone();
        let task = tokio::spawn(async move {
            let mut clock = interval(LOOK_EVERY);
            loop {
                clock.tick().await;
                let depth = Scrape::of(&url).await.number("cardroom_hashing_queue_depth");
                if let (Some(depth), Ok(mut seen)) = (depth, seen.lock()) {
                    seen.push(depth);
                }
            }
        });
        Self { task, looks }
    }

    /// How many there were, on average; none of nothing seen.
    fn mean(self) -> f64 {
        self.task.abort();
        let looks = self.looks.lock().map(|it| it.clone()).unwrap_or_default();
        looks.iter().sum::<f64>() / real(looks.len().max(1) as u64)
    }
}
