//! A server that is ended under load, again and again: everything acknowledged has to be there afterwards, and
//! nothing twice.

mod check;
mod log;
mod writer;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::future::join_all;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use tokio::time::sleep;

use crate::arguments::{Ending, SurviveArguments};
use crate::client::{Client, DEMO, text};
use crate::server::Server;
use log::{Log, Version, Writes};
use writer::Round;

/// Users that write at the same time.
const WRITERS: u64 = 20;

/// Milliseconds from the first request to the end of the server.
const ENDED_AFTER_MS: std::ops::Range<u64> = 30..600;

/// Every version of a round is kept, and requests are not logged.
const SETTINGS: [(&str, &str); 2] =
    [("CARDROOM__HISTORY__VERSIONS", "1000000"), ("CARDROOM__LOG__FILTER", "error")];

/// Concurrent requests while a round is checked.
const AT_ONCE: usize = 16;

/// The result of one round, or of many.
#[derive(Debug, Default)]
struct Outcome {
    versions: usize,
    joins: usize,
    /// Requests in flight when the server was ended.
    in_flight: Vec<usize>,
    /// Times from SIGTERM to the exit.
    stops: Vec<Duration>,
    refused: usize,
    /// Answers that did not arrive to requests that were sent before SIGTERM.
    cut: usize,
}

pub(crate) async fn run(arguments: &SurviveArguments) -> Result<()> {
    let missing = "call it as `cargo xtask survive`";
    let program = arguments.program.server.as_deref().context(missing)?;
    let database_url = arguments.database_url.as_deref().context(missing)?;
    let (signal, seed) = (arguments.signal, arguments.seed.unwrap_or_else(rand::random));
    println!("  {signal:?}, seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut total = Outcome::default();
    for round in 1..=arguments.rounds {
        let delay = Duration::from_millis(random.random_range(ENDED_AFTER_MS));
        let played = play(program, database_url, signal, delay, random.random()).await;
        let context = || format!("round {round} of seed {seed}, {signal:?} after {delay:?}");
        total.add(played.with_context(context)?);
    }
    print!("{}", total.report(arguments.rounds));
    ensure!(total.cut == 0, "{} answers were cut off", total.cut);
    Ok(())
}

/// Writes until the server is ended, and checks what the next server finds.
async fn play(
    program: &Path,
    database_url: &str,
    signal: Ending,
    delay: Duration,
    seed: u64,
) -> Result<Outcome> {
    let mut server = Server::start(program, database_url, &SETTINGS)?;
    server.wait()?;
    let room = Room::open(&Client::local(server.address())).await?;
    let round = Arc::new(Round::new(room, server.address(), seed));
    let writers: Vec<_> =
        (0..WRITERS).map(|number| tokio::spawn(round.clone().write(number))).collect();
    sleep(delay).await;
    let mut outcome = Outcome { in_flight: vec![round.in_flight()], ..Outcome::default() };
    match signal {
        Ending::Kill => server.kill().await?,
        Ending::Term => {
            round.asked.get_or_init(Instant::now);
            outcome.stops.push(server.stop().await?);
        }
    }
    let mut log = Log::default();
    for writer in join_all(writers).await {
        log.add(writer?);
    }
    outcome.refused = log.refused;
    outcome.cut = if signal == Ending::Term { log.cut } else { 0 };

    let mut server = Server::start(program, database_url, &SETTINGS)?;
    server.wait()?;
    let client = Client::local(server.address());
    round.room.repeat_patches(&client, &mut log).await?;
    (outcome.versions, outcome.joins) = round.room.check(&client, &log).await?;
    server.stop().await?;
    Ok(outcome)
}

/// A new room of the demo account.
struct Room {
    token: String,
    id: String,
    code: String,
}

impl Room {
    async fn open(client: &Client) -> Result<Self> {
        let token = client.log_in(DEMO.0, DEMO.1).await?;
        let room = client.post("/api/rooms", &token, &json!({ "name": "survive" })).await?;
        Ok(Self { id: text(&room, "id")?, code: text(&room, "share_code")?, token })
    }

    fn path(&self, game: &str) -> String {
        format!("/api/rooms/{}/gameplay-states/{game}", self.id)
    }

    /// Repeats patches with their keys: one without an answer is applied now unless it was before, and an
    /// acknowledged one returns the same version.
    async fn repeat_patches(&self, client: &Client, log: &mut Log) -> Result<()> {
        for patch in std::mem::take(&mut log.patches) {
            let path = self.path(&patch.game);
            let answer = client.retry(&patch.request(&path, &self.token)).await?;
            let version = writer::version(&answer.body);
            if let Some(before) = patch.version {
                ensure!(
                    version == Some(before),
                    "{}: repeated, {before} is {version:?}",
                    patch.key
                );
            } else {
                log.write(&patch.game, version, patch.marker);
            }
        }
        Ok(())
    }

    /// Checks that everything acknowledged is there, once; returns the numbers of versions and joins.
    async fn check(&self, client: &Client, log: &Log) -> Result<(usize, usize)> {
        for (game, writes) in &log.games {
            let found = self.history(client, game).await?;
            check::check(writes, &found).with_context(|| game.clone())?;
        }
        let path = format!("/api/visitors/room/{}", self.id);
        let visitors = client.get(&path, &self.token).await?.context("the room is gone")?;
        check::check_joins(&log.joins, &visitors)?;
        let versions = log.games.values().map(Writes::acknowledged).sum();
        Ok((versions, log.joins.len()))
    }

    /// Every version of a game with its marker, from the first to the current one; none of a game that was
    /// never saved.
    async fn history(&self, client: &Client, game: &str) -> Result<Vec<Version>> {
        let path = self.path(game);
        let Some(current) = client.get(&path, &self.token).await? else { return Ok(Vec::new()) };
        let last = current["version"].as_i64().context("no version")?;
        let version = async |number: i64| {
            let path = format!("{path}/history/{number}");
            let found = client.get(&path, &self.token).await?.with_context(|| path.clone())?;
            let marker = found["state"]["marker"].as_u64().context("no marker")?;
            anyhow::Ok(Version { number, marker })
        };
        stream::iter(1..=last).map(version).buffered(AT_ONCE).try_collect().await
    }
}

impl Outcome {
    fn add(&mut self, other: Self) {
        self.versions += other.versions;
        self.joins += other.joins;
        self.in_flight.extend(other.in_flight);
        self.stops.extend(other.stops);
        self.refused += other.refused;
        self.cut += other.cut;
    }

    fn report(&mut self, rounds: u32) -> String {
        self.in_flight.sort_unstable();
        self.stops.sort_unstable();
        let middle = self.in_flight.get(self.in_flight.len() / 2).copied().unwrap_or_default();
        let mut report = format!(
            "  {rounds} rounds: {} acknowledged versions and {} joins, all present, none twice; \
             {middle} requests in flight at the median end, {} refused, {} cut off\n",
            self.versions, self.joins, self.refused, self.cut
        );
        if let (Some(median), Some(longest)) =
            (self.stops.get(self.stops.len() / 2), self.stops.last())
        {
            // Writing to a string cannot fail.
            let _ =
                writeln!(report, "  exits after {median:.0?} at the median, {longest:.0?} at most");
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_adds_the_rounds_up() {
        let mut total = Outcome::default();
        for stop in [300, 100, 200] {
            let stops = vec![Duration::from_millis(stop)];
            total.add(Outcome { versions: 5, joins: 1, stops, cut: 1, ..Outcome::default() });
        }

        let report = total.report(3);

        assert!(report.contains("3 rounds: 15 acknowledged versions and 3 joins"), "{report}");
        assert!(report.contains("3 cut off"), "{report}");
        assert!(report.contains("200ms at the median, 300ms at most"), "{report}");
    }
}
