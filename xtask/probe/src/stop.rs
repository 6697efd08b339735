//! A server that is asked to stop under load, again and again: does it cut anybody off, does it stop
//! in time, and is everything there afterwards?

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;
use tokio::time::sleep;

use crate::figures::{Figures, ms};
use crate::http::{Connection, request};
use crate::saves::{Room, SETTINGS, Version, by_game};
use crate::server::Server;

/// People who save at the same time.
const WRITERS: usize = 50;

/// How long after the first save a server is asked to stop, in milliseconds.
const ASKED_AFTER_MS: std::ops::Range<u64> = 100..600;

/// One room that is saved in until its server is asked to stop.
struct Round {
    room: Room,
    address: SocketAddr,
    marker: AtomicU64,
    /// When the server was asked to stop.
    asked: OnceLock<Instant>,
}

/// What became of the requests of one person.
#[derive(Default)]
struct Fate {
    acknowledged: Vec<(String, Version)>,
    /// Requests that were answered with something else than success.
    refused: usize,
    /// Answers that did not come, or not whole, to requests that were sent before the signal.
    cut: usize,
    /// Requests that were under way at the signal and answered after it.
    finished: usize,
}

pub(crate) async fn run(program: &Path, database_url: &str, rounds: u32, seed: u64) -> Result<()> {
    println!("  seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (mut times, mut total, mut kept) = (Vec::new(), Fate::default(), 0);
    for round in 1..=rounds {
        let delay = Duration::from_millis(random.random_range(ASKED_AFTER_MS));
        let (time, fate, versions) = play(program, database_url, delay)
            .await
            .with_context(|| format!("round {round} of seed {seed}, asked after {delay:?}"))?;
        times.push(time);
        kept += versions;
        total.add(fate);
    }
    let times = Figures::of(times);
    println!(
        "  {rounds} SIGTERMs: exits after {:.0} ms at the median and {:.0} ms at most; {kept} \
         acknowledged versions, every one of them there; {} requests under way at a signal were \
         answered, {} cut off, {} refused",
        ms(times.median()),
        ms(times.longest()),
        total.finished,
        total.cut,
        total.refused,
    );
    ensure!(total.cut == 0, "{} answers were cut off", total.cut);
    Ok(())
}

/// Saves until the server is asked to stop, and checks what the next server finds.
async fn play(
    program: &Path,
    database_url: &str,
    delay: Duration,
) -> Result<(Duration, Fate, usize)> {
    let mut server = Server::start_with(program, database_url, &SETTINGS)?;
    server.wait()?;
    let round = Arc::new(Round::begin(server.address()).await?);
    let writers: Vec<_> =
        (0..WRITERS).map(|number| tokio::spawn(round.clone().write(number))).collect();
    sleep(delay).await;
    round.asked.get_or_init(Instant::now);
    let time = server.stop().await?;
    let mut fate = Fate::default();
    for writer in join_all(writers).await {
        fate.add(writer??);
    }

    let mut server = Server::start_with(program, database_url, &SETTINGS)?;
    server.wait()?;
    let acknowledged = by_game(fate.acknowledged.drain(..));
    let url = format!("http://{}", server.address());
    let versions = round.room.check(&url, &acknowledged).await?;
    server.stop().await?;
    Ok((time, fate, versions))
}

impl Round {
    async fn begin(address: SocketAddr) -> Result<Self> {
        let room = Room::open(&format!("http://{address}")).await?;
        Ok(Self { room, address, marker: AtomicU64::new(0), asked: OnceLock::new() })
    }

    /// Saves a game of one's own and a common one in turn, until the server was asked to stop.
    async fn write(self: Arc<Self>, number: usize) -> Result<Fate> {
        let mut connection = Connection::open(self.address).await?;
        let mut fate = Fate::default();
        for turn in 0.. {
            let own = turn % 2 == 0;
            let game = if own { format!("own-{number}") } else { "common".to_owned() };
            if self.asked.get().is_some() {
                break;
            }
            let goes_on = self.save(&mut connection, game, &mut fate).await;
            if !goes_on {
                break;
            }
        }
        Ok(fate)
    }

    /// Saves once; says whether the connection can be used again.
    async fn save(&self, connection: &mut Connection, game: String, fate: &mut Fate) -> bool {
        let marker = self.marker.fetch_add(1, Ordering::SeqCst);
        let path = format!("{}/{game}", self.room.path);
        let body = format!(r#"{{"state":{{"marker":{marker},"cards":{{}}}}}}"#);
        let sent = connection.send(&request("PUT", &path, &self.room.token, &body)).await;
        let was_asked = self.asked.get().is_some();
        let answer = match sent {
            Ok(()) => connection.receive().await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(200) => match version(connection.body()) {
                Some(number) => {
                    fate.finished += usize::from(!was_asked && self.asked.get().is_some());
                    fate.acknowledged.push((game, Version { number, marker }));
                }
                None => fate.cut += 1,
            },
            Ok(_) => fate.refused += 1,
            Err(_) => {
                fate.cut += usize::from(!was_asked);
                return false;
            }
        }
        true
    }
}

fn version(body: &[u8]) -> Option<i64> {
    serde_json::from_slice::<Value>(body).ok()?["version"].as_i64()
}

impl Fate {
    fn add(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.refused += other.refused;
        self.cut += other.cut;
        self.finished += other.finished;
    }
}
