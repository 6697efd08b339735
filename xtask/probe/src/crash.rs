//! A server that is killed under load, again and again, and what is there afterwards.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::saves::{Room, SETTINGS, Version, by_game};
use crate::server::Server;

/// People who save at the same time.
const WRITERS: usize = 20;

/// How long after the first save a server is killed, in milliseconds.
const KILLED_AFTER_MS: std::ops::Range<u64> = 30..400;

/// One room that is saved in until its server is killed.
struct Round {
    room: Room,
    url: String,
    marker: AtomicU64,
    under_way: AtomicUsize,
}

pub(crate) async fn run(program: &Path, database_url: &str, rounds: u32, seed: u64) -> Result<()> {
    println!("  seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (mut kept, mut lost) = (0, Vec::new());
    for round in 1..=rounds {
        let delay = Duration::from_millis(random.random_range(KILLED_AFTER_MS));
        let (versions, under_way) = play(program, database_url, delay)
            .await
            .with_context(|| format!("round {round} of seed {seed}, killed after {delay:?}"))?;
        kept += versions;
        lost.push(under_way);
    }
    lost.sort_unstable();
    let middle = lost.get(lost.len() / 2).copied().unwrap_or_default();
    println!(
        "  {rounds} kills: {kept} acknowledged versions, every one of them there, none twice, every \
         history complete; {middle} saves under way at the median kill, {} at least, {} at most",
        lost.first().copied().unwrap_or_default(),
        lost.last().copied().unwrap_or_default(),
    );
    Ok(())
}

/// Saves until the server is killed, and checks what the next server finds.
async fn play(program: &Path, database_url: &str, delay: Duration) -> Result<(usize, usize)> {
    let mut server = Server::start_with(program, database_url, &SETTINGS)?;
    server.wait()?;
    let round = Arc::new(Round::begin(format!("http://{}", server.address())).await?);
    let writers: Vec<_> =
        (0..WRITERS).map(|number| tokio::spawn(round.clone().write(number))).collect();
    sleep(delay).await;
    let under_way = round.under_way.load(Ordering::SeqCst);
    server.kill().await?;
    let acknowledged = by_game(join_all(writers).await.into_iter().flatten().flatten());

    let mut server = Server::start_with(program, database_url, &SETTINGS)?;
    server.wait()?;
    let url = format!("http://{}", server.address());
    let versions = round.room.check(&url, &acknowledged).await?;
    server.stop().await?;
    Ok((versions, under_way))
}

impl Round {
    async fn begin(url: String) -> Result<Self> {
        let room = Room::open(&url).await?;
        Ok(Self { room, url, marker: AtomicU64::new(0), under_way: AtomicUsize::new(0) })
    }

    /// Saves a game of one's own and a common one in turn, until the server is gone.
    async fn write(self: Arc<Self>, number: usize) -> Vec<(String, Version)> {
        let mut acknowledged = Vec::new();
        for turn in 0.. {
            let own = turn % 2 == 0;
            let game = if own { format!("own-{number}") } else { "common".to_owned() };
            let marker = self.marker.fetch_add(1, Ordering::SeqCst);
            self.under_way.fetch_add(1, Ordering::SeqCst);
            let saved = self.save(&game, marker).await;
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            match saved {
                Ok(number) => acknowledged.push((game, Version { number, marker })),
                Err(_) => break,
            }
        }
        acknowledged
    }

    async fn save(&self, game: &str, marker: u64) -> Result<i64> {
        let Room { client, token, path } = &self.room;
        let request = client.put(format!("{}{path}/{game}", self.url)).bearer_auth(token);
        let request = request.json(&json!({ "state": { "marker": marker, "cards": {} } }));
        let state: Value = request.send().await?.error_for_status()?.json().await?;
        state["version"].as_i64().context("no version")
    }
}
