//! A virtual user: an address, a connection, an account, and what it was promised.

mod actions;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Result;
use probe::http::{Connection, request_to};
use rand::rngs::StdRng;

use crate::engine::Watch;
use crate::evidence::{Document, Evidence, Room};
use crate::tally::{Outcome, Sample};
use crate::target::Target;

/// Time after which an answer no longer comes.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection on which nothing happened for so long is given up, as browsers do: the server ends one
/// on which no request begins within five seconds, and an answer to nobody is no answer.
const IDLE_MAX: Duration = Duration::from_secs(3);

/// Games that a person plays in turn, unless told otherwise.
const GAMES: u64 = 20;

/// Who logs in with what.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) token: Arc<str>,
}

/// A virtual user.
pub(crate) struct Person {
    pub(crate) number: usize,
    pub(crate) account: Account,
    /// The room to join.
    pub(crate) shared: Option<Arc<Room>>,
    pub(crate) evidence: Evidence,
    pub(crate) random: StdRng,
    target: Target,
    source: Option<IpAddr>,
    /// The games in the room of one's own, and how many are played in turn.
    own: Option<Vec<Document>>,
    games: u64,
    saves: u64,
    session: u64,
    visitor: Option<(String, String)>,
    connection: Option<Connection>,
    /// When something last happened on the connection.
    used: Instant,
    /// When the next request should be sent.
    pub(crate) intended: Instant,
    /// Whether a plan says when, or the last answer.
    pub(crate) planned: bool,
    /// When to come back, as the last refusal said.
    told: Option<Duration>,
}

/// A request and what is expected of its answer.
struct Ask<'a> {
    step: &'static str,
    method: &'a str,
    path: &'a str,
    body: &'a str,
    token: &'a str,
    status: u16,
}

/// How a request ended.
enum Answer<T> {
    Good(T),
    /// The server did not do it.
    Refused,
    /// Nobody knows whether the server did it.
    Unsure,
}

impl Person {
    pub(crate) fn new(number: usize, target: &Target, account: Account, random: StdRng) -> Self {
        Self {
            number,
            account,
            shared: None,
            evidence: Evidence::default(),
            random,
            source: target.source(number),
            target: target.clone(),
            own: None,
            games: GAMES,
            saves: 0,
            session: 0,
            visitor: None,
            connection: None,
            used: Instant::now(),
            intended: Instant::now(),
            planned: false,
            told: None,
        }
    }

    /// Connects, unless that is done; connections belong to the load that made them.
    pub(crate) async fn connect(&mut self, watch: &Watch) -> Result<()> {
        if self.connection.is_none() {
            let start = Instant::now();
            let connection = match self.source {
                Some(source) => Connection::open_from(source, self.target.address).await?,
                None => Connection::open(self.target.address).await?,
            };
            watch.connected(start.elapsed());
            self.connection = Some(connection);
            self.used = Instant::now();
        }
        Ok(())
    }

    pub(crate) fn disconnect(&mut self) {
        self.connection = None;
    }

    pub(crate) fn has_saved(&self) -> bool {
        !self.evidence.saves.is_empty()
    }

    pub(crate) fn has_joined(&self) -> bool {
        self.visitor.is_some()
    }

    /// Starts afresh: a new room, a new session.
    pub(crate) fn forget(&mut self) {
        (self.own, self.visitor) = (None, None);
        self.session += 1;
    }

    /// Plays one game and no other, so that it is soon one that was saved before.
    pub(crate) fn play_one_game(&mut self) {
        self.games = 1;
    }

    /// Sends a request, measures it, and reads its answer after the clock has stopped.
    async fn ask<T>(
        &mut self,
        watch: &Watch,
        ask: Ask<'_>,
        read: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Answer<T> {
        let Ask { step, method, path, body, token, status: expected } = ask;
        let request = request_to(&self.target.host, method, path, token, body);
        let mut sent = Instant::now();
        if sent - self.used > IDLE_MAX {
            self.disconnect();
        }
        watch.live.in_flight.fetch_add(1, Ordering::Relaxed);
        let asked = async {
            self.connect(watch).await?;
            sent = Instant::now();
            // It was connected just above.
            let Some(connection) = &mut self.connection else { anyhow::bail!("not connected") };
            connection.ask(&request).await
        };
        let status = match tokio::time::timeout(ANSWER_TIMEOUT, asked).await {
            Ok(answered) => answered.map_err(|error| format!("{error:#}")),
            Err(_) => Err("no answer in time".to_owned()),
        };
        let done = Instant::now();
        self.used = done;
        watch.live.in_flight.fetch_sub(1, Ordering::Relaxed);
        let (outcome, answer) = self.judge(expected, status, read);
        // Where no plan says when, people send as soon as they can.
        let intended = if self.planned { self.intended.min(sent) } else { sent };
        watch.record(self.number, self.planned, &Sample { step, intended, sent, done, outcome });
        (self.intended, self.planned) = (done, false);
        answer
    }

    fn judge<T>(
        &mut self,
        expected: u16,
        status: Result<u16, String>,
        read: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> (Outcome, Answer<T>) {
        let connection = self.connection.as_ref();
        match status {
            Ok(status) if status == expected => {
                match read(connection.map_or(&[], Connection::body)) {
                    Ok(value) => (Outcome::Success, Answer::Good(value)),
                    Err(fault) => (Outcome::Failed(fault), Answer::Unsure),
                }
            }
            Ok(status @ (429 | 503)) => {
                let told = connection.and_then(|it| it.header("retry-after")?.parse().ok());
                let says_when = told.is_some();
                // A refusal may close the connection; the next request opens another one.
                if connection.and_then(|it| it.header("connection")) == Some("close") {
                    self.connection = None;
                }
                self.told = told.map(Duration::from_secs);
                (Outcome::Refused { status, says_when }, Answer::Refused)
            }
            Ok(status) => {
                let body = connection.map_or(&[][..], Connection::body);
                let body = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
                let answer = if status < 500 { Answer::Refused } else { Answer::Unsure };
                (Outcome::Failed(format!("{status}: {body}")), answer)
            }
            Err(error) => {
                self.connection = None;
                (Outcome::Failed(error), Answer::Unsure)
            }
        }
    }
}
