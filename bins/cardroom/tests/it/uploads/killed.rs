//! The process is killed between the steps of an upload.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use reqwest::Client;
use serde_json::json;
use settings::DatabaseUrl;
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::{form, link, noise, objects_in, pdf};
use crate::app::ask;
use crate::behind::Behind;
use crate::process::Process;

/// How often it is killed at least, and at most until some upload was under way.
const ROUNDS: usize = 6;
const ROUNDS_MAX: usize = 60;

/// Uploads at once in every round.
const UPLOADS: usize = 8;

/// A server, its address, and a client of it.
struct Server {
    process: Process,
    address: String,
    client: Client,
    token: String,
}

impl Server {
    async fn start(url: &DatabaseUrl, store: &str) -> Self {
        let (url, store) = (url.expose().into_owned(), store.to_owned());
        let start = move || {
            let mut process = Process::start_with(&url, &[("CARDROOM__FILES__STORE", &store)]);
            let address = process.address();
            (process, address)
        };
        let (process, address) = spawn_blocking(start).await.unwrap();
        let client = Client::new();
        let login = json!({ "email": "demo.counselor@example.com", "password": "demo123" });
        let login = ask(client.post(format!("{address}/api/auth/login")).json(&login)).await.1;
        let token = login["access_token"].as_str().unwrap().to_owned();
        Self { process, address, client, token }
    }

    async fn room(&self) -> String {
        let room = self.client.post(format!("{}/api/rooms", self.address)).bearer_auth(&self.token);
        let room = ask(room.json(&json!({ "name": "A room" }))).await.1;
        room["id"].as_str().unwrap().to_owned()
    }

    /// Uploads a file; returns its link when it was acknowledged.
    async fn upload(&self, room: &str, n: usize, picture: &[u8]) -> Option<String> {
        let form = if n.is_multiple_of(2) {
            form("x.png", "image/png", picture)
        } else {
            form("x.pdf", "application/pdf", pdf(200_000))
        };
        let url = format!("{}/api/rooms/{room}/upload", self.address);
        let answer = self.client.post(url).bearer_auth(&self.token).multipart(form).send().await;
        let answer = answer.ok()?;
        assert_eq!(answer.status(), 200);
        Some(link(&answer.json().await.ok()?))
    }
}

#[testkit::on_both_databases]
async fn database_and_store_agree_whenever_the_process_is_killed() {
    let database = testkit::database().await;
    let store = TempDir::new().unwrap();
    let folder = store.path().to_str().unwrap();
    let picture = noise(200, 200, image::ImageFormat::Png);
    let behind = Behind::at(&database.url);
    let (mut links, mut broken_off, mut pending) = (Vec::new(), 0, 0);
    let mut room = None;
    for round in 0..ROUNDS_MAX {
        if round >= ROUNDS && pending > 0 {
            break;
        }
        let server = Server::start(&database.url, folder).await;
        let room = match &room {
            Some(room) => String::clone(room),
            None => room.insert(server.room().await).clone(),
        };
        let delay = Duration::from_millis(u64::try_from(round * 13 % 160).unwrap());
        let answers = {
            let uploads = (0..UPLOADS).map(|n| server.upload(&room, n, &picture));
            let mut uploads = Box::pin(join_all(uploads));
            if let Ok(answers) = timeout(delay, &mut uploads).await {
                answers
            } else {
                server.process.kill();
                // What was acknowledged before has arrived.
                timeout(Duration::from_secs(10), uploads).await.unwrap()
            }
        };
        broken_off += answers.iter().filter(|it| it.is_none()).count();
        links.extend(answers.into_iter().flatten());
        drop(server);
        pending = behind.pending().await;
    }
    println!("{} acknowledged, {broken_off} broken off, {pending} of them pending", links.len());
    assert!(broken_off > 0 && pending > 0, "the process was never killed in an upload");

    behind.age_files("created_at").await;
    let server = Server::start(&database.url, folder).await;
    for _ in 0..500 {
        if behind.pending().await == 0 && agree(&behind, &store).await {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert!(agree(&behind, &store).await, "{:?}", objects_in(store.path()));
    assert_eq!(behind.pending().await, 0);
    for link in &links {
        let file = server.client.get(format!("{}{link}", server.address)).send().await.unwrap();
        assert_eq!(file.status(), 200, "{link} was acknowledged");
    }
}

/// Whether every row has an object and every object a row.
async fn agree(behind: &Behind, store: &TempDir) -> bool {
    let rows: BTreeSet<String> = behind.object_keys().await.into_iter().collect();
    rows == objects_in(store.path())
}
