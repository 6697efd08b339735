//! As much of Cardroom as a load needs, in memory, with faults to be found.

mod sockets;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Faults of the server.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    pub(super) save_delay: Duration,
    /// Saves that are worked on at once at most.
    pub(super) places: Option<usize>,
    /// The save that is acknowledged and not kept.
    pub(super) forgets_save: Option<u64>,
    /// A session that joins again becomes another visitor.
    pub(super) doubles_visitors: bool,
    /// So many saves are done before one is refused.
    pub(super) refuses_every: Option<u64>,
    /// So many registrations are refused before the others are taken.
    pub(super) refuses_registrations: u64,
    pub(super) is_debug: bool,
    /// The save before which every save waits for so long, once.
    pub(super) stands_still: Option<(u64, Duration)>,
    /// So many requests are answered before the server is gone.
    pub(super) dies_after: Option<u64>,
    /// Deliveries that go wrong, counted from the first.
    pub(super) loses_delivery: Option<u64>,
    pub(super) doubles_delivery: Option<u64>,
    /// The delivery that comes after the one behind it.
    pub(super) delays_delivery: Option<u64>,
}

/// The server; it ends with the test's runtime.
pub(super) struct Fake {
    pub(super) address: SocketAddr,
}

#[derive(Default)]
struct State {
    /// Every version of a game, by its path.
    games: HashMap<String, Vec<Value>>,
    /// Sessions and visitors of a room, by its code.
    visitors: HashMap<String, Vec<(String, String)>>,
}

struct Server {
    faults: Faults,
    state: Mutex<State>,
    counter: AtomicU64,
    saves: AtomicU64,
    places: Semaphore,
    standing: tokio::sync::RwLock<()>,
    requests: AtomicU64,
    channels: sockets::Channels,
}

/// A status and a body.
type Answer = (u16, Value);

impl Fake {
    pub(super) async fn start(faults: Faults) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let places = Semaphore::new(faults.places.unwrap_or(Semaphore::MAX_PERMITS));
        let (state, counter, saves, requests, standing) = Default::default();
        let channels = sockets::Channels::default();
        let server = Server { faults, state, counter, saves, places, standing, requests, channels };
        let server = Arc::new(server);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if server.is_gone() {
                    return;
                }
                tokio::spawn(serve(server.clone(), stream));
            }
        });
        Self { address }
    }
}

async fn serve(server: Arc<Server>, mut stream: TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut buffer = Vec::new();
    loop {
        let (head, body, length) = loop {
            if let Some(request) = request(&buffer) {
                break request;
            }
            (stream.read_buf(&mut buffer).await.ok()? > 0).then_some(())?;
        };
        buffer.drain(..length);
        let (line, _) = head.split_once("\r\n")?;
        if line.contains("/websocket") {
            return sockets::serve(&server, stream, &head).await;
        }
        if server.is_gone() {
            return None;
        }
        server.requests.fetch_add(1, Ordering::SeqCst);
        let mut words = line.split(' ');
        let (status, answer) = server.answer(words.next()?, words.next()?, &body).await;
        let answer = match answer {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let length = answer.len();
        let head =
            format!("HTTP/1.1 {status} X\r\nretry-after: 1\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(format!("{head}{answer}").as_bytes()).await.ok()?;
    }
}

/// Head, body and length of a request that is there as a whole.
fn request(buffer: &[u8]) -> Option<(String, Value, usize)> {
    let end = buffer.windows(4).position(|it| it == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let length = end + 4 + length.unwrap_or(0);
    let body = buffer.get(end + 4..length)?;
    Some((head, serde_json::from_slice(body).unwrap_or_default(), length))
}

impl Server {
    async fn answer(&self, method: &str, path: &str, body: &Value) -> Answer {
        let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
        match (method, &parts[..]) {
            ("POST", ["api", "auth", "register"]) => {
                let refused = self.next() < self.faults.refuses_registrations;
                (if refused { 503 } else { 201 }, json!({}))
            }
            ("POST", ["api", "auth", "login"]) => {
                (200, json!({ "access_token": "t", "user": { "email": body["email"] } }))
            }
            ("POST", ["api", "rooms"]) => {
                let id = format!("room-{}", self.next());
                (201, json!({ "id": id, "share_code": id }))
            }
            ("GET", ["api", "rooms", "by-code", code]) => (200, json!({ "id": code })),
            ("PUT", ["api", "rooms", .., _game]) => self.save(path, body).await,
            ("GET", ["api", "rooms", ..]) => self.read(path),
            ("POST", ["api", "visitors", "join-room", code]) => self.join(code, body),
            ("GET", ["api", "visitors", "room", code]) => self.list(code),
            ("PUT", ["api", "visitors", ..]) | ("GET", ["health"]) => (200, json!({})),
            ("GET", ["metrics"]) => {
                let build = if self.faults.is_debug { "debug" } else { "release" };
                (200, json!(format!("cardroom_build_info{{build=\"{build}\"}} 1\n")))
            }
            _ => (404, json!({})),
        }
    }

    fn is_gone(&self) -> bool {
        let answered = self.requests.load(Ordering::SeqCst);
        self.faults.dies_after.is_some_and(|it| answered >= it)
    }

    fn next(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::SeqCst)
    }

    async fn save(&self, path: &str, body: &Value) -> Answer {
        let number = self.saves.fetch_add(1, Ordering::SeqCst);
        if self.faults.refuses_every.is_some_and(|every| number % every == every - 1) {
            return (503, json!({}));
        }
        if let Some((at, time)) = self.faults.stands_still
            && number == at
        {
            let _all = self.standing.write().await;
            tokio::time::sleep(time).await;
        }
        let _one = self.standing.read().await;
        let _place = self.places.acquire().await.unwrap();
        tokio::time::sleep(self.faults.save_delay).await;
        let mut state = self.state.lock().unwrap();
        let versions = state.games.entry(path.to_owned()).or_default();
        let version = versions.len() + 1;
        if self.faults.forgets_save != Some(number) {
            versions.push(body["state"].clone());
        }
        (200, json!({ "state": body["state"], "version": version }))
    }

    fn read(&self, path: &str) -> Answer {
        let state = self.state.lock().unwrap();
        if let Some((game, version)) = path.split_once("/history/") {
            let place = version.parse::<usize>().unwrap() - 1;
            let found = state.games.get(game).and_then(|it| it.get(place));
            return found.map_or((404, json!({})), |it| (200, json!({ "state": it })));
        }
        match state.games.get(path) {
            Some(all) => (200, json!({ "state": all.last(), "version": all.len() })),
            None => (404, json!({})),
        }
    }

    fn join(&self, code: &str, body: &Value) -> Answer {
        let session = body["session_id"].as_str().unwrap().to_owned();
        let id = format!("visitor-{}", self.next());
        let mut state = self.state.lock().unwrap();
        let visitors = state.visitors.entry(code.to_owned()).or_default();
        let there = visitors.iter().find(|(it, _)| *it == session).map(|(_, id)| id.clone());
        let id = there.filter(|_| !self.faults.doubles_visitors).unwrap_or_else(|| {
            visitors.push((session, id.clone()));
            id
        });
        (201, json!({ "id": id }))
    }

    fn list(&self, code: &str) -> Answer {
        let state = self.state.lock().unwrap();
        let visitors = state.visitors.get(code).into_iter().flatten();
        let visitors = visitors.map(|(session, id)| json!({ "session_id": session, "id": id }));
        (200, visitors.collect())
    }
}
