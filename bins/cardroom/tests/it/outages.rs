//! A database that hangs, and one that is restarted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};
use testkit::cluster::Cluster;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::app::{TestApp, ask, body_of};
use crate::behind::Behind;
use crate::process::Process;

/// A pool of four, half a second for a connection and one for a statement: no request waits for longer
/// than these together, except on a busy machine.
const SHORT: [(&str, &str); 3] = [
    ("CARDROOM__DATABASE__POOL_SIZE", "4"),
    ("CARDROOM__DATABASE__WAIT_TIMEOUT_MS", "500"),
    ("CARDROOM__DATABASE__STATEMENT_TIMEOUT_MS", "1000"),
];

const ANSWERED: Duration = Duration::from_secs(5);

#[testkit::on_both_databases]
async fn hanging_queries_on_every_connection_delay_others_only_briefly() {
    let app = TestApp::spawn_with(&SHORT).await;
    let counsellor = app.counsellor().await;
    let behind = Behind::of(&app);
    let hanging = behind.while_reads_are_blocked("rooms", async {
        let reads = join_all((0..40).map(|_| async {
            let start = Instant::now();
            let answer = counsellor.get("/api/rooms").send().await.unwrap();
            assert!(start.elapsed() < ANSWERED, "{:?}", start.elapsed());
            answer
        }));
        let mut reads = std::pin::pin!(reads);
        let mut healthy = 0;
        loop {
            tokio::select! {
                answers = &mut reads => break (answers, healthy),
                (status, _) = ask(app.get("/health")) => {
                    assert_eq!(status, 200);
                    healthy += 1;
                }
            }
        }
    });
    let (answers, healthy) = hanging.await;
    // Readers of SQLite never wait for locks.
    let refused = answers.iter().filter(|it| it.status() != 200);
    for answer in refused.clone() {
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key("retry-after"));
    }
    assert!(healthy > 0 || refused.count() == 0, "health was not answered while queries hung");

    let after = join_all((0..20).map(|_| counsellor.get("/api/rooms").send())).await;
    assert!(after.into_iter().all(|it| it.unwrap().status() == 200), "the pool has recovered");
}

/// The sum of the limits in [`SHORT`]: a group that is in progress when a request is queued, and its own;
/// for each the wait for a connection, and two statements. And the wait for a slot before it.
const ANSWERED_FROZEN: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_postgresql_delays_requests_only_briefly() {
    let cluster = Cluster::start().unwrap();
    let settings = [
        ("CARDROOM__DATABASE__MIGRATE_AT_START", "true"),
        ("CARDROOM__DATABASE__CREATE_TIMEOUT_MS", "500"),
    ];
    let mut server = Process::start_with(&cluster.url(), &[&SHORT[..], &settings].concat());
    let address = server.address();
    let client = Client::new();
    let login = json!({ "email": "demo.counselor@example.com", "password": "demo123" });
    let login = client.post(format!("{address}/api/auth/login")).json(&login);
    let login: Value = body_of(login.send().await.unwrap()).await;
    let token = login["access_token"].as_str().unwrap();
    let rooms = format!("{address}/api/rooms");
    let open = || client.post(&rooms).bearer_auth(token).json(&json!({ "name": "A room" }));
    let room = body_of(open().send().await.unwrap()).await;
    let room = format!("{rooms}/{}", room["id"].as_str().unwrap());
    let game = |n: usize| format!("{room}/gameplay-states/game-{n}");
    let save =
        |n: usize| client.put(game(n)).bearer_auth(token).json(&json!({ "state": { "n": n } }));
    let rename = || client.put(&room).bearer_auth(token).json(&json!({ "name": "Another" }));
    let everything =
        |n: usize| [save(n), open(), rename(), client.get(game(n)).bearer_auth(token)].map(ask);
    assert_eq!(ask(save(0)).await.0, 200);

    cluster.freeze().unwrap();
    let asked = join_all((1..10).flat_map(everything).map(|it| timeout(ANSWERED_FROZEN, it)));
    let (answers, health) = tokio::join!(asked, ask(client.get(format!("{address}/health"))));
    cluster.thaw().unwrap();

    assert_eq!(health.0, 200);
    for answer in answers {
        let (status, body) = answer.expect("an answer in time");
        assert_eq!(status, 503, "{body}");
    }
    let back = Instant::now();
    while ask(save(0)).await.0 != 200 {
        assert!(back.elapsed() < Duration::from_secs(10), "still refused after the recovery");
        sleep(Duration::from_millis(50)).await;
    }
    let all = join_all((1..10).flat_map(everything).map(async |it| it.await.0)).await;
    // A state may be read before it exists.
    assert!(all.iter().all(|it| matches!(it, 200 | 201 | 404)), "{all:?}");
    let games = join_all((1..10).map(|n| ask(client.get(game(n)).bearer_auth(token)))).await;
    assert!(games.iter().all(|(status, _)| *status == 200), "{games:?}");
    assert!(server.stop().success());
}

/// One query finds out that the server does not respond, within 3 s; the rest is for a busy machine.
/// Without the breaker each waits for twice the statement timeout, 10 s.
const REFUSED_WITHIN: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread")]
async fn an_unresponsive_postgresql_is_detected_once_for_all_requests() {
    let cluster = Cluster::start().unwrap();
    let migrate = ("CARDROOM__DATABASE__MIGRATE_AT_START", "true");
    let mut server = Process::start_with(&cluster.url(), &[migrate]);
    let address = server.address();
    let client = Client::new();
    let login = json!({ "email": "demo.counselor@example.com", "password": "demo123" });
    let login = client.post(format!("{address}/api/auth/login")).json(&login);
    let login: Value = body_of(login.send().await.unwrap()).await;
    let token = login["access_token"].as_str().unwrap();
    let rooms = format!("{address}/api/rooms");
    let open = || client.post(&rooms).bearer_auth(token).json(&json!({ "name": "A room" }));
    assert_eq!(ask(open()).await.0, 201);

    cluster.freeze().unwrap();
    let first = join_all((0..20).map(|_| timeout(REFUSED_WITHIN, ask(open())))).await;
    let at_once = Instant::now();
    let later = ask(open()).await;
    let at_once = at_once.elapsed();
    cluster.thaw().unwrap();

    for answer in first {
        assert_eq!(answer.expect("it waits for a silent database").0, 503);
    }
    assert_eq!(later.0, 503);
    assert!(at_once < Duration::from_secs(1), "the breaker is not open: {at_once:?}");
    let back = Instant::now();
    while ask(open()).await.0 != 201 {
        assert!(back.elapsed() < Duration::from_secs(10), "the breaker does not close");
        sleep(Duration::from_millis(50)).await;
    }
    assert!(server.stop().success());
}

/// Ends all connections that wait for a lock, except the caller's.
const END_WAITING: &str = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'";

#[testkit::on_both_databases]
async fn a_read_whose_connection_breaks_is_retried_once() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let (behind, other) = (Behind::of(&app), Behind::of(&app));
    let rooms = counsellor.get("/api/rooms").send();
    let mut rooms = std::pin::pin!(rooms);
    let broken = behind.while_reads_are_blocked("rooms", async {
        let waiting = tokio::time::timeout(Duration::from_millis(300), &mut rooms).await;
        other.carry_out(END_WAITING, "SELECT 1").await;
        waiting.ok()
    });
    let answer = match broken.await {
        Some(answer) => answer,
        None => rooms.await,
    };
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
}

/// A client that saves again and again.
struct Writer {
    client: Client,
    url: String,
    token: String,
    stop: Arc<AtomicBool>,
}

/// The outcomes of the saves of one [`Writer`].
#[derive(Default)]
struct SaveOutcomes {
    /// The last number that was acknowledged.
    acknowledged: u64,
    /// When saves were refused, and with what.
    refused: Vec<(Instant, u16)>,
}

impl Writer {
    fn start(self) -> JoinHandle<(Self, SaveOutcomes)> {
        tokio::spawn(async move {
            let mut outcomes = SaveOutcomes::default();
            for number in 1.. {
                if self.stop.load(Ordering::SeqCst) {
                    break;
                }
                let state = json!({ "state": { "number": number } });
                let save = self.client.put(&self.url).bearer_auth(&self.token).json(&state);
                match save.send().await.unwrap().status().as_u16() {
                    200 => outcomes.acknowledged = number,
                    status => {
                        outcomes.refused.push((Instant::now(), status));
                        sleep(Duration::from_millis(50)).await;
                    }
                }
            }
            (self, outcomes)
        })
    }

    /// The number in the stored state.
    async fn read(&self) -> Option<u64> {
        let answer = self.client.get(&self.url).bearer_auth(&self.token).send().await.unwrap();
        body_of(answer).await["state"]["number"].as_u64()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_postgresql_under_load_loses_no_acknowledged_save() {
    let mut cluster = Cluster::start_durable().unwrap();
    let migrate = ("CARDROOM__DATABASE__MIGRATE_AT_START", "true");
    let mut server = Process::start_with(&cluster.url(), &[migrate]);
    let address = server.address();
    let client = Client::new();
    let login = json!({ "email": "demo.counselor@example.com", "password": "demo123" });
    let login = client.post(format!("{address}/api/auth/login")).json(&login);
    let login: Value = body_of(login.send().await.unwrap()).await;
    let token = login["access_token"].as_str().unwrap().to_owned();
    let room = client.post(format!("{address}/api/rooms")).json(&json!({ "name": "A room" }));
    let room = body_of(room.bearer_auth(&token).send().await.unwrap()).await;
    let room = room["id"].as_str().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..20)
        .map(|game| {
            let url = format!("{address}/api/rooms/{room}/gameplay-states/game-{game}");
            let (client, token, stop) = (client.clone(), token.clone(), stop.clone());
            Writer { client, url, token, stop }.start()
        })
        .collect();

    sleep(Duration::from_secs(1)).await;
    cluster.stop().unwrap();
    sleep(Duration::from_secs(2)).await;
    cluster.start_again().unwrap();
    let back = Instant::now();
    sleep(Duration::from_secs(11)).await;
    stop.store(true, Ordering::SeqCst);

    for writer in join_all(writers).await {
        let (writer, outcomes) = writer.unwrap();
        assert!(
            outcomes.refused.iter().all(|(_, status)| *status == 503),
            "{:?}",
            outcomes.refused
        );
        assert!(!outcomes.refused.is_empty(), "the database was never unavailable");
        let late = outcomes.refused.iter().filter(|(at, _)| *at > back + Duration::from_secs(10));
        assert_eq!(late.count(), 0, "still refused after the recovery");
        let found = writer.read().await.unwrap();
        assert!(
            found >= outcomes.acknowledged,
            "found {found}, acknowledged {}",
            outcomes.acknowledged
        );
    }
    assert!(server.stop().success());
}
