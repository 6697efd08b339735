//! Users that save, patch, restore and join until their server is ended.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;

use super::Room;
use super::log::{Log, Patch};
use crate::http::{Connection, Request};

/// Of a hundred requests, how many are patches, restores and joins; the others are saves.
const MIX: (u32, u32, u32) = (25, 15, 10);

/// One room, and the server on which it is written.
pub(super) struct Round {
    pub(super) room: Room,
    /// When the server was asked to stop.
    pub(super) asked: OnceLock<Instant>,
    address: SocketAddr,
    seed: u64,
    marker: AtomicU64,
    in_flight: AtomicUsize,
}

/// The end of one request.
enum Answer {
    Good(Value),
    Refused,
    /// The connection broke; whether the request was sent before the server was asked to stop.
    Broken(bool),
}

impl Round {
    pub(super) fn new(room: Room, address: SocketAddr, seed: u64) -> Self {
        let (asked, marker, in_flight) = <(OnceLock<_>, AtomicU64, AtomicUsize)>::default();
        Self { room, asked, address, seed, marker, in_flight }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(SeqCst)
    }

    /// Writes until the server is gone or was asked to stop; returns what became of each request.
    pub(super) async fn write(self: Arc<Self>, number: u64) -> Log {
        let mut log = Log::default();
        let mut random = StdRng::seed_from_u64(self.seed.wrapping_add(number));
        let Ok(mut connection) = Connection::open(None, self.address).await else { return log };
        let (patches, restores, joins) = MIX;
        for turn in 0.. {
            let is_own = random.random();
            let game = if is_own { format!("own-{number}") } else { "common".to_owned() };
            let goes_on = match random.random_range(0..100) {
                n if n < patches => {
                    let key = format!("{}-{number}-{turn}", self.seed);
                    self.patch(&mut connection, &mut log, game, key).await
                }
                n if n < patches + restores => match log.any_version(&game, &mut random) {
                    Some(of) => self.restore(&mut connection, &mut log, &game, of).await,
                    None => self.save(&mut connection, &mut log, &game).await,
                },
                n if n < patches + restores + joins => {
                    let session = format!("session-{number}-{}", turn % 20);
                    self.join(&mut connection, &mut log, session).await
                }
                _ => self.save(&mut connection, &mut log, &game).await,
            };
            if !goes_on || self.asked.get().is_some() {
                break;
            }
        }
        log
    }

    async fn save(&self, connection: &mut Connection, log: &mut Log, game: &str) -> bool {
        let marker = self.marker.fetch_add(1, SeqCst);
        let body = format!(r#"{{"state":{{"marker":{marker},"cards":{{}}}}}}"#);
        let path = self.room.path(game);
        let request = Request::new("PUT", &path).token(&self.room.token).body(&body);
        let answer = self.ask(connection, &request).await;
        log.write(game, answer.version(), marker);
        answer.goes_on(log)
    }

    async fn patch(
        &self,
        connection: &mut Connection,
        log: &mut Log,
        game: String,
        key: String,
    ) -> bool {
        let marker = self.marker.fetch_add(1, SeqCst);
        let body = format!(r#"{{"marker":{marker}}}"#);
        let mut sent = Patch { game, key, marker, body, version: None };
        let path = self.room.path(&sent.game);
        let answer = self.ask(connection, &sent.request(&path, &self.room.token)).await;
        sent.version = answer.version();
        log.write(&sent.game, sent.version, marker);
        if !matches!(answer, Answer::Refused) {
            log.patches.push(sent);
        }
        answer.goes_on(log)
    }

    async fn restore(
        &self,
        connection: &mut Connection,
        log: &mut Log,
        game: &str,
        of: i64,
    ) -> bool {
        let path = format!("{}/history/{of}/restore", self.room.path(game));
        let request = Request::new("POST", &path).token(&self.room.token);
        let answer = self.ask(connection, &request).await;
        log.restore(game, of, answer.version());
        answer.goes_on(log)
    }

    async fn join(&self, connection: &mut Connection, log: &mut Log, session: String) -> bool {
        let path = format!("/api/visitors/join-room/{}", self.room.code);
        let body = format!(r#"{{"name":"Mei","session_id":"{session}"}}"#);
        let answer = self.ask(connection, &Request::new("POST", &path).body(&body)).await;
        if let Answer::Good(answer) = &answer {
            log.joins.push((session, answer["id"].as_str().unwrap_or_default().to_owned()));
        }
        answer.goes_on(log)
    }

    async fn ask(&self, connection: &mut Connection, request: &Request<'_>) -> Answer {
        self.in_flight.fetch_add(1, SeqCst);
        let asked: Result<(u16, bool)> = async {
            connection.send(&request.bytes("localhost")).await?;
            let was_asked = self.asked.get().is_some();
            Ok((connection.receive().await.unwrap_or(0), was_asked))
        }
        .await;
        self.in_flight.fetch_sub(1, SeqCst);
        match asked {
            Ok((200..300, _)) => {
                Answer::Good(serde_json::from_slice(connection.body()).unwrap_or_default())
            }
            Ok((0, was_asked)) => Answer::Broken(!was_asked),
            Ok(_) => Answer::Refused,
            Err(_) => Answer::Broken(false),
        }
    }
}

impl Answer {
    fn version(&self) -> Option<i64> {
        let Self::Good(answer) = self else { return None };
        answer["version"].as_i64()
    }

    /// Counts what was no success; returns whether the connection can be used again.
    fn goes_on(&self, log: &mut Log) -> bool {
        match self {
            Self::Good(_) => true,
            Self::Refused => {
                log.refused += 1;
                true
            }
            Self::Broken(was_sent) => {
                log.cut += usize::from(*was_sent);
                false
            }
        }
    }
}

/// The version in an answer.
pub(super) fn version(body: &[u8]) -> Option<i64> {
    serde_json::from_slice::<Value>(body).ok()?["version"].as_i64()
}
