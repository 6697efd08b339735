//! A server that is killed between the commit of a refresh and its answer.

use std::time::Duration;

use diesel::prelude::*;
use reqwest::Client;
use serde_json::{Value, json};
use settings::DatabaseUrl;
use store::schema::sessions;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::Process;
use crate::behind::Behind;

/// How often it is killed.
const ROUNDS: i64 = 5;

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

/// Sends a refresh and looks at no answer.
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

/// Waits until the session has come to this generation.
async fn committed(behind: &Behind, generation: i64) {
    for _ in 0..3000 {
        let found = behind.0.read_one(sessions::table.select(sessions::generation)).await.unwrap();
        if found == Some(generation) {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("the refresh was not committed");
}

#[testkit::on_both_databases]
async fn a_server_that_is_killed_before_it_answers_a_refresh_logs_nobody_out() {
    let database = testkit::database().await;
    let behind = Behind::at(&database.url);
    let (mut server, mut address) = start(&database.url).await;
    let login = json!({ "email": "demo.counselor@example.com", "password": "demo123" });
    let (_, mut pair) = post(&address, "/api/auth/login", &login).await;

    for round in 1..=ROUNDS {
        let refresh = json!({ "refresh_token": pair["refresh_token"] });
        let unread = send_only(&address, &refresh).await;
        committed(&behind, 2 * round).await;
        drop(server);
        drop(unread);
        (server, address) = start(&database.url).await;
        let (status, repeated) = post(&address, "/api/auth/refresh", &refresh).await;
        assert_eq!(status, 200, "{repeated}");
        let refresh = json!({ "refresh_token": repeated["refresh_token"] });
        let (status, next) = post(&address, "/api/auth/refresh", &refresh).await;
        assert_eq!(status, 200, "{next}");
        pair = next;
    }
}
