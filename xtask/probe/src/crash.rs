//! A server that is killed under load, again and again, and what is there afterwards.

mod check;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::future::{join_all, try_join_all};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::server::Server;
use check::{Version, check};

/// People who save at the same time.
const WRITERS: usize = 20;

/// How long after the first save a server is killed, in milliseconds.
const KILLED_AFTER_MS: std::ops::Range<u64> = 30..400;

/// Keeps every version of a round, and does not log each request.
const SETTINGS: [(&str, &str); 2] =
    [("CARDROOM__HISTORY__VERSIONS", "1000000"), ("CARDROOM__LOG__FILTER", "error")];

const EMAIL: &str = "demo.counselor@example.com";
const PASSWORD: &str = "demo123";

/// One room that is saved in until its server is killed.
struct Round {
    client: Client,
    token: String,
    states: String,
    marker: AtomicU64,
    under_way: AtomicUsize,
}

/// What the server acknowledged, by game.
type Acknowledged = HashMap<String, Vec<Version>>;

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

/// Saves until the server is killed, and looks what the next server finds.
async fn play(program: &Path, database_url: &str, delay: Duration) -> Result<(usize, usize)> {
    let mut server = Server::start_with(program, database_url, &SETTINGS)?;
    server.wait()?;
    let round = Arc::new(Round::begin(&format!("http://{}", server.address())).await?);
    let writers: Vec<_> =
        (0..WRITERS).map(|number| tokio::spawn(round.clone().write(number))).collect();
    sleep(delay).await;
    let under_way = round.under_way.load(Ordering::SeqCst);
    server.kill().await?;
    let mut acknowledged = Acknowledged::new();
    for (game, version) in join_all(writers).await.into_iter().flatten().flatten() {
        acknowledged.entry(game).or_default().push(version);
    }

    let mut server = Server::start_with(program, database_url, &SETTINGS)?;
    server.wait()?;
    let states = round.states_at(&format!("http://{}", server.address()));
    for (game, acknowledged) in &acknowledged {
        let found = round.history(&states, game).await?;
        check(acknowledged, &found).with_context(|| game.clone())?;
    }
    server.stop().await?;
    Ok((acknowledged.values().map(Vec::len).sum(), under_way))
}

impl Round {
    async fn begin(url: &str) -> Result<Self> {
        let client = Client::new();
        let login = json!({ "email": EMAIL, "password": PASSWORD });
        let login = client.post(format!("{url}/api/auth/login")).json(&login);
        let login: Value = login.send().await?.error_for_status()?.json().await?;
        let token = login["access_token"].as_str().context("no token")?.to_owned();
        let room = client.post(format!("{url}/api/rooms")).bearer_auth(&token);
        let room = room.json(&json!({ "name": "crash" }));
        let room: Value = room.send().await?.error_for_status()?.json().await?;
        let room = room["id"].as_str().context("no room")?;
        let states = format!("{url}/api/rooms/{room}/gameplay-states");
        let (marker, under_way) = (AtomicU64::new(0), AtomicUsize::new(0));
        Ok(Self { client, token, states, marker, under_way })
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
        let request = self.client.put(format!("{}/{game}", self.states)).bearer_auth(&self.token);
        let request = request.json(&json!({ "state": { "marker": marker, "cards": {} } }));
        let state: Value = request.send().await?.error_for_status()?.json().await?;
        state["version"].as_i64().context("no version")
    }

    /// The same states where another server serves them.
    fn states_at(&self, url: &str) -> String {
        let path = self.states.find("/api/").map_or("", |at| &self.states[at..]);
        format!("{url}{path}")
    }

    /// Every version of a game with its marker, from the first to the current one.
    async fn history(&self, states: &str, game: &str) -> Result<Vec<Version>> {
        let current = self.get(&format!("{states}/{game}")).await?;
        let last = current["version"].as_i64().context("no version")?;
        let version = async |number: i64| {
            let found = self.get(&format!("{states}/{game}/history/{number}")).await?;
            let marker = found["state"]["marker"].as_u64().context("no marker")?;
            anyhow::Ok(Version { number, marker })
        };
        try_join_all((1..=last).map(version)).await
    }

    async fn get(&self, url: &str) -> Result<Value> {
        let request = self.client.get(url).bearer_auth(&self.token);
        Ok(request.send().await?.error_for_status()?.json().await?)
    }
}
