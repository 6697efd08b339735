//! Fifty tasks in one room, each joining, saving and reading as fast as it is answered.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::api::{Api, Room};
use crate::figures::{Figures, ms};

/// Tasks at once: the number that the earlier backend failed at.
pub(super) const TASKS: usize = 50;

/// Sessions of each task; a session that joins again must find itself.
const SESSIONS: usize = 20;

/// What the server has promised to keep, and how long its answers took.
#[derive(Default)]
pub(super) struct Played {
    /// The id that every join of a session gave.
    pub(super) visitors: HashMap<String, String>,
    /// What was saved last.
    pub(super) states: HashMap<String, Value>,
    pub(super) timings: Timings,
}

/// How long each request took.
#[derive(Default)]
pub(super) struct Timings {
    joins: Vec<Duration>,
    saves: Vec<Duration>,
    reads: Vec<Duration>,
}

/// Plays for `time` and a little longer, until every session has joined.
pub(super) async fn run(api: &Api, room: &Room, time: Duration) -> Result<Played> {
    let mut tasks = JoinSet::new();
    for number in 0..TASKS {
        tasks.spawn(play(api.clone(), room.clone(), number, Instant::now() + time));
    }
    let mut played = Played::default();
    while let Some(part) = tasks.join_next().await {
        played.add(part??);
    }
    Ok(played)
}

async fn play(api: Api, room: Room, number: usize, end: Instant) -> Result<Played> {
    let mut played = Played::default();
    let gameplay = format!("smoke-{number}");
    let mut turn = 0;
    while turn < SESSIONS || Instant::now() < end {
        let session = format!("session-{number}-{}", turn % SESSIONS);
        played.join(&api, &room, session).await?;
        let state = json!({"cards": (turn..turn + 8).collect::<Vec<_>>(), "turn": turn});
        played.save(&api, &room, &gameplay, state).await?;
        played.read(&api, &room).await?;
        turn += 1;
    }
    Ok(played)
}

impl Played {
    async fn join(&mut self, api: &Api, room: &Room, session: String) -> Result<()> {
        let start = Instant::now();
        let id = api.join(room, &session).await?;
        self.timings.joins.push(start.elapsed());
        let first = self.visitors.entry(session).or_insert_with(|| id.clone());
        ensure!(*first == id, "a session joined as {first} and again as {id}");
        Ok(())
    }

    async fn save(&mut self, api: &Api, room: &Room, gameplay: &str, state: Value) -> Result<()> {
        let start = Instant::now();
        api.save(room, gameplay, &state).await?;
        self.timings.saves.push(start.elapsed());
        self.states.insert(gameplay.to_owned(), state);
        Ok(())
    }

    async fn read(&mut self, api: &Api, room: &Room) -> Result<()> {
        let start = Instant::now();
        api.read_by_code(room).await?;
        self.timings.reads.push(start.elapsed());
        Ok(())
    }

    fn add(&mut self, part: Self) {
        self.visitors.extend(part.visitors);
        self.states.extend(part.states);
        self.timings.joins.extend(part.timings.joins);
        self.timings.saves.extend(part.timings.saves);
        self.timings.reads.extend(part.timings.reads);
    }
}

impl Timings {
    /// Prints requests a second and the 95th percentile, by kind.
    pub(super) fn report(&self, time: Duration) {
        let kinds =
            [("joins", &self.joins), ("saves", &self.saves), ("reads by code", &self.reads)];
        for (name, times) in kinds {
            let figures = Figures::of(times.clone());
            #[expect(clippy::cast_precision_loss, reason = "a count of requests is far below 2^52")]
            let rate = figures.count() as f64 / time.as_secs_f64();
            println!("  {name:13} {rate:>7.0}/s  p95 {:.1} ms", ms(figures.percentile(95)));
        }
    }
}
