//! The API as JSON, for everything that is not measured.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::http::{Connection, Request};
use crate::target::Target;

/// The server closes connections that are idle for five seconds.
const IDLE_MAX: Duration = Duration::from_secs(3);

/// Attempts at a server that is overloaded, and the longest wait between two of them.
const ATTEMPTS: usize = 20;
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Time after which no answer is expected any more.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Address and password of the demo account of development and staging.
pub const DEMO: (&str, &str) = ("demo.counselor@example.com", "demo123");

/// A client with a pool of connections.
pub struct Client {
    target: Target,
    idle: Mutex<Vec<(Connection, Instant)>>,
}

/// An answer of the server.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    retry_after: Option<Duration>,
}

impl Client {
    /// A client of a server on this machine.
    pub fn local(address: std::net::SocketAddr) -> Self {
        Self::new(Target::local(address))
    }

    pub(crate) fn new(target: Target) -> Self {
        Self { target, idle: Mutex::default() }
    }

    /// Sends a request once.
    pub(crate) async fn send(&self, request: &Request<'_>) -> Result<Answer> {
        let bytes = request.bytes(&self.target.host);
        let mut connection = match self.take() {
            Some(connection) => connection,
            None => Connection::open(None, self.target.address).await?,
        };
        let answered = tokio::time::timeout(ANSWER_TIMEOUT, connection.ask(&bytes)).await;
        let status = answered.context("no answer in time")??;
        let retry_after = connection.header("retry-after").and_then(|it| it.parse().ok());
        let answer = Answer {
            status,
            body: connection.body().to_vec(),
            retry_after: retry_after.map(Duration::from_secs),
        };
        if connection.header("connection") != Some("close")
            && let Ok(mut idle) = self.idle.lock()
        {
            idle.push((connection, Instant::now()));
        }
        Ok(answer)
    }

    fn take(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().ok()?;
        idle.retain(|(_, since)| since.elapsed() < IDLE_MAX);
        idle.pop().map(|(connection, _)| connection)
    }

    /// Sends a request, and again while the server answers 429 or 503.
    pub(crate) async fn retry(&self, request: &Request<'_>) -> Result<Answer> {
        let mut answer = self.send(request).await?;
        for _ in 1..ATTEMPTS {
            if !matches!(answer.status, 429 | 503) {
                break;
            }
            let wait = answer.retry_after.unwrap_or(Duration::from_secs(1));
            tokio::time::sleep(wait.min(WAIT_MAX)).await;
            answer = self.send(request).await?;
        }
        Ok(answer)
    }

    /// The JSON at a path; none where there is nothing.
    pub(crate) async fn get(&self, path: &str, token: &str) -> Result<Option<Value>> {
        let request = Request::new("GET", path).token(token);
        let answer = self.retry(&request).await.with_context(|| path.to_owned())?;
        if answer.status == 404 {
            return Ok(None);
        }
        answer.json(&request).map(Some)
    }

    /// Posts JSON, and reads the answer as JSON.
    ///
    /// # Errors
    /// When the answer is not a success.
    pub async fn post(&self, path: &str, token: &str, body: &Value) -> Result<Value> {
        let body = body.to_string();
        let request = Request::new("POST", path).token(token).body(&body);
        self.retry(&request).await.with_context(|| path.to_owned())?.json(&request)
    }

    /// Logs in; returns the access token.
    ///
    /// # Errors
    /// When the answer is not a success.
    pub async fn log_in(&self, email: &str, password: &str) -> Result<String> {
        let login = json!({ "email": email, "password": password });
        text(&self.post("/api/auth/login", "", &login).await?, "access_token")
    }
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body of a success as JSON.
    pub(crate) fn json(&self, request: &Request<'_>) -> Result<Value> {
        let Request { method, path, .. } = request;
        ensure!(self.is_success(), "{method} {path}: {} {}", self.status, self.text());
        serde_json::from_slice(&self.body).with_context(|| format!("{method} {path}"))
    }
}

/// A text field of an answer.
pub fn text(answer: &Value, field: &str) -> Result<String> {
    Ok(answer[field].as_str().with_context(|| format!("no `{field}` in {answer}"))?.to_owned())
}
