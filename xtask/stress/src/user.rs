//! A virtual user: an address, a connection, an account, and what the server acknowledged to it.

mod actions;
mod greed;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Result;
use rand::rngs::StdRng;

use crate::evidence::{Document, Evidence, Room};
use crate::http::{Connection, Request};
use crate::tally::{Outcome, Sample};
use crate::target::Target;
use crate::watch::Watch;

/// Time after which an answer counts as missing.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Idle time after which a connection is given up, as browsers do: the server closes one on which no request
/// begins within five seconds.
const IDLE_MAX: Duration = Duration::from_secs(3);

/// Games that a user plays in turn, unless set otherwise.
const GAMES: u64 = 20;

/// Credentials, and the token that they gave.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) token: Arc<str>,
}

/// A virtual user.
pub(crate) struct User {
    pub(crate) number: usize,
    pub(crate) account: Account,
    /// The room to join.
    pub(crate) shared: Option<Arc<Room>>,
    pub(crate) evidence: Evidence,
    pub(crate) random: StdRng,
    target: Target,
    source: Option<IpAddr>,
    /// The games in its own room, and how many of them are played in turn.
    own: Option<Vec<Document>>,
    games: u64,
    saves: u64,
    session: u64,
    visitor: Option<(String, String)>,
    connection: Option<Connection>,
    /// Last use of the connection.
    used: Instant,
    /// When the next request is due, and whether a plan says so rather than the last answer.
    due: Instant,
    planned: bool,
    /// `Retry-After` of the last refusal.
    retry_after: Option<Duration>,
}

/// A request, the step that it counts for, and the status that is expected.
struct Ask<'a> {
    step: &'static str,
    request: Request<'a>,
    status: u16,
}

impl<'a> Ask<'a> {
    fn new(step: &'static str, method: &'a str, path: &'a str, status: u16) -> Self {
        Self { step, request: Request::new(method, path), status }
    }

    fn with(self, token: &'a str, body: &'a str) -> Self {
        Self { request: self.request.token(token).body(body), ..self }
    }
}

/// The end of a request.
enum Answer<T> {
    Good(T),
    /// The server did not carry it out.
    Refused,
    /// The server may have carried it out.
    Unsure,
}

impl User {
    pub(crate) fn new(number: usize, target: &Target, account: Account, random: StdRng) -> Self {
        let now = Instant::now();
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
            used: now,
            due: now,
            planned: false,
            retry_after: None,
        }
    }

    /// The next request is due at this moment of a plan.
    pub(crate) fn due_at(&mut self, due: Instant) {
        (self.due, self.planned) = (due, true);
    }

    /// The next request is due as soon as it can be sent.
    pub(crate) fn due_now(&mut self) {
        self.planned = false;
    }

    /// Connects from the address of another user.
    pub(crate) fn at_address_of(&mut self, number: usize) {
        self.source = self.target.source(number);
    }

    /// Connects unless it is connected. Connections belong to the thread that opened them.
    pub(crate) async fn connect(&mut self, watch: &Watch) -> Result<()> {
        if self.connection.is_none() {
            let start = Instant::now();
            self.connection = Some(Connection::open(self.source, self.target.address).await?);
            watch.connected(start.elapsed());
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

    /// Starts again with a new room and a new session.
    pub(crate) fn forget(&mut self) {
        (self.own, self.visitor) = (None, None);
        self.session += 1;
    }

    /// Plays one game only, so that nearly every save is one of an existing state.
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
        let request = ask.request.bytes(&self.target.host);
        let begun = Instant::now();
        let mut sent = begun;
        if sent - self.used > IDLE_MAX {
            self.disconnect();
        }
        watch.live.in_flight.fetch_add(1, Ordering::Relaxed);
        let asked = async {
            self.connect(watch).await?;
            sent = Instant::now();
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
        let (outcome, answer) = self.judge(ask.status, status, read);
        let intended = if self.planned { self.due.min(begun) } else { begun };
        let sample = Sample { step: ask.step, intended, begun, sent, done, outcome };
        watch.record(self.number, self.planned, &sample);
        (self.due, self.planned) = (done, false);
        answer
    }

    fn judge<T>(
        &mut self,
        expected: u16,
        status: Result<u16, String>,
        read: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> (Outcome, Answer<T>) {
        let connection = self.connection.as_ref();
        let body = connection.map_or(&[][..], Connection::body);
        let (outcome, answer) = match status {
            Ok(status) if status == expected => match read(body) {
                Ok(value) => (Outcome::Success, Answer::Good(value)),
                Err(fault) => (Outcome::Failed(fault), Answer::Unsure),
            },
            Ok(status @ (429 | 503)) => {
                let seconds = connection.and_then(|it| it.header("retry-after")?.parse().ok());
                let has_retry_after = seconds.is_some();
                self.retry_after = seconds.map(Duration::from_secs);
                (Outcome::Refused { status, has_retry_after }, Answer::Refused)
            }
            Ok(status) => {
                let body = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
                let answer = if status < 500 { Answer::Refused } else { Answer::Unsure };
                (Outcome::Failed(format!("{status}: {body}")), answer)
            }
            Err(error) => {
                self.connection = None;
                (Outcome::Failed(error), Answer::Unsure)
            }
        };
        // The next request opens another connection.
        if self.connection.as_ref().and_then(|it| it.header("connection")) == Some("close") {
            self.connection = None;
        }
        (outcome, answer)
    }
}
