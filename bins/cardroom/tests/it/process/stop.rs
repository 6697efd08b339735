//! Stopping while requests are in progress.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::TestDatabase;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;

use super::Process;
use crate::behind::Behind;

/// Long enough for a request to reach its handler, or a signal to be noticed.
const MOMENT: Duration = Duration::from_millis(300);

/// Longest time to stop with the grace period of two seconds in these tests.
const STOPPED: Duration = Duration::from_secs(4);

pub(crate) async fn server(
    database: &TestDatabase,
    variables: &[(&str, &str)],
) -> (Process, String) {
    let url = database.url.expose().into_owned();
    let variables: Vec<_> =
        variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let start = move || {
        let variables: Vec<_> = variables.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let mut server = Process::start_with(&url, &variables);
        let address = server.address();
        (server, address)
    };
    spawn_blocking(start).await.unwrap()
}

/// The token of the demo counsellor and the path of a game in a new room.
pub(crate) async fn game(address: &str) -> (String, String) {
    let client = reqwest::Client::new();
    let login = json!({ "email": "demo.counselor@example.com", "password": "demo123" });
    let login = client.post(format!("{address}/api/auth/login")).json(&login);
    let login: Value = login.send().await.unwrap().json().await.unwrap();
    let token = login["access_token"].as_str().unwrap().to_owned();
    let room = client.post(format!("{address}/api/rooms")).bearer_auth(&token);
    let room = room.json(&json!({ "name": "stop" })).send().await.unwrap();
    let room: Value = room.json().await.unwrap();
    let path = format!("/api/rooms/{}/gameplay-states/game", room["id"].as_str().unwrap());
    (token, path)
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn save(path: &str, token: &str, length: usize) -> String {
    format!(
        "PUT {path} HTTP/1.1\r\nhost: cardroom\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

/// Waits for the end in the background.
fn ended(mut server: Process) -> JoinHandle<(ExitStatus, Process)> {
    spawn_blocking(move || (server.wait(), server))
}

#[testkit::on_both_databases]
async fn a_request_in_progress_when_the_server_stops_is_answered_in_full() {
    let database = testkit::database().await;
    let (server, address) =
        server(&database, &[("CARDROOM__DATABASE__LOCK_TIMEOUT_MS", "5000")]).await;
    let (token, path) = game(&address).await;
    let body = r#"{"state":{"kept":true}}"#;
    let mut stream = connect(&address);

    let mut stopping = None;
    Behind::at(&database.url)
        .while_writes_are_blocked("gameplay_states", async {
            let request = save(&path, &token, body.len()) + body;
            stream.write_all(request.as_bytes()).unwrap();
            sleep(MOMENT).await;
            server.ask_to_stop();
            let ending = stopping.insert(ended(server));
            sleep(MOMENT * 4).await;
            assert!(!ending.is_finished(), "it did not wait for the save");
        })
        .await;

    let mut answer = String::new();
    spawn_blocking(move || {
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        assert!(answer.ends_with('}') && answer.contains(r#""kept":true"#), "{answer}");
    })
    .await
    .unwrap();
    let (status, server) = stopping.unwrap().await.unwrap();
    assert!(status.success(), "{status}: {}", server.log());
}

#[testkit::on_both_databases]
async fn a_second_signal_ends_the_server_at_once() {
    let database = testkit::database().await;
    let (server, address) = server(&database, &[]).await;
    let (token, path) = game(&address).await;
    // A body that never arrives keeps the server from stopping.
    let mut stream = connect(&address);
    stream.write_all(save(&path, &token, 100).as_bytes()).unwrap();
    sleep(MOMENT).await;

    server.ask_to_stop();
    sleep(MOMENT).await;
    let asked = Instant::now();
    server.ask_to_stop();
    let (status, server) = ended(server).await.unwrap();

    assert_eq!(status.code(), Some(143), "{}", server.log());
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    assert!(server.log().contains("a second SIGTERM"), "{}", server.log());
}

#[testkit::on_both_databases]
async fn a_slow_body_does_not_delay_the_exit_beyond_the_grace_period() {
    let database = testkit::database().await;
    let grace = ("CARDROOM__SERVER__SHUTDOWN_GRACE_MS", "2000");
    let (server, address) = server(&database, &[grace]).await;
    let (token, path) = game(&address).await;
    let mut stream = connect(&address);
    stream.write_all(save(&path, &token, 10_000).as_bytes()).unwrap();
    let dribbling = spawn_blocking(move || {
        let mut sent = 0;
        while sent < 1000 && stream.write_all(b" ").is_ok() {
            sent += 1;
            std::thread::sleep(Duration::from_millis(10));
        }
        sent
    });
    sleep(MOMENT).await;

    let asked = Instant::now();
    server.ask_to_stop();
    let (status, server) = ended(server).await.unwrap();

    assert!(asked.elapsed() < STOPPED, "{:?}", asked.elapsed());
    assert!(asked.elapsed() > Duration::from_secs(1), "nothing held it: {:?}", asked.elapsed());
    assert!(status.success(), "{status}: {}", server.log());
    assert!(server.log().contains("were cut off"), "{}", server.log());
    assert!(dribbling.await.unwrap() < 1000);
}
