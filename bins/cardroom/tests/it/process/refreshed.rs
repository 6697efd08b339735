//! A server that is killed during a refresh: right after the commit, and at random moments.

use std::env;
use std::time::Duration;

use database::schema::sessions;
use diesel::prelude::*;
use reqwest::Client;
use serde_json::{Value, json};
use settings::DatabaseUrl;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::Process;
use crate::behind::Behind;

/// The variable with the number of kills, and the default.
const ROUNDS: (&str, u32) = ("CARDROOM_KILL_ROUNDS", 6);

/// Longest time of a refresh until its answer on an idle server.
const REFRESH: Duration = Duration::from_millis(8);

fn rounds() -> u32 {
    env::var(ROUNDS.0).ok().and_then(|it| it.parse().ok()).unwrap_or(ROUNDS.1)
}

async fn start(url: &DatabaseUrl) -> (Process, String) {
    let url = url.expose().into_owned();
    let started = spawn_blocking(move || {
        let mut server = Process::start(&url);
        let address = server.address();
        (server, address)
    });
    started.await.unwrap()
}

async fn post(address: &str, path: &str, body: &Value) -> (u16, Value) {
    let answer = Client::new().post(format!("{address}{path}")).json(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Sends a refresh without reading the answer.
async fn send_only(address: &str, body: &Value) -> TcpStream {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).await.unwrap();
    let body = body.to_string();
    let request = format!(
        "POST /api/auth/refresh HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len(),
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn generation(behind: &Behind) -> i64 {
    let generation = sessions::table.select(sessions::generation);
    behind.0.read_one(generation).await.unwrap().expect("one session")
}

/// Waits until the session is beyond this generation.
async fn committed_after(behind: &Behind, before: i64) {
    for _ in 0..3000 {
        if generation(behind).await > before {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("the refresh was not committed");
}

#[testkit::on_both_databases]
async fn a_server_that_is_killed_before_it_answers_a_refresh_ends_no_session() {
    let database = testkit::database().await;
    let behind = Behind::at(&database.url);
    let (mut server, mut address) = start(&database.url).await;
    let login = json!({ "email": "demo.counselor@example.com", "password": "demo123" });
    let (_, mut pair) = post(&address, "/api/auth/login", &login).await;

    let mut committed = 0;
    for round in 0..rounds() {
        let refresh = json!({ "refresh_token": pair["refresh_token"] });
        let before = generation(&behind).await;
        let unread = send_only(&address, &refresh).await;
        if round % 2 == 0 {
            committed_after(&behind, before).await;
        } else {
            sleep(REFRESH.mul_f64(rand::random())).await;
        }
        drop(server);
        committed += generation(&behind).await - before;
        drop(unread);
        (server, address) = start(&database.url).await;
        let (status, repeated) = post(&address, "/api/auth/refresh", &refresh).await;
        assert_eq!(status, 200, "{repeated}");
        let refresh = json!({ "refresh_token": repeated["refresh_token"] });
        let (status, next) = post(&address, "/api/auth/refresh", &refresh).await;
        assert_eq!(status, 200, "{next}");
        pair = next;
    }
    println!("{} kills, {committed} of them after the commit: no session ended", rounds());
}
