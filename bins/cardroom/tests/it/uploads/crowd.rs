//! Many uploads at once.

use std::fs;
use std::time::{Duration, Instant};

use futures::future::join_all;
use image::ImageFormat;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::{form, noise, pdf};
use crate::app::ask;
use crate::process::Process;

/// Uploads at once.
const UPLOADS: usize = 50;

/// Memory that the uploads may take, in KiB. Held in memory, their forms alone would take 230 MiB, and the pictures
/// of all of them at once as much again.
const MEMORY_MAX: u64 = 128 * 1024;

/// All fit into one room.
const SETTINGS: [(&str, &str); 1] = [("CARDROOM__FILES__PER_ROOM_BYTES", "1073741824")];

/// The most memory that a process has used so far, in KiB.
fn peak_memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[testkit::on_both_databases]
async fn fifty_uploads_at_once_take_little_memory() {
    let database = testkit::database().await;
    let url = database.url.expose().into_owned();
    let start = move || {
        let mut server = Process::start_with(&url, &SETTINGS);
        let address = server.address();
        (server, address)
    };
    let (server, address) = spawn_blocking(start).await.unwrap();
    let client = Client::new();
    let login = json!({ "email": "demo.counselor@example.com", "password": "demo123" });
    let login = ask(client.post(format!("{address}/api/auth/login")).json(&login)).await.1;
    let token = login["access_token"].as_str().unwrap();
    let room = client.post(format!("{address}/api/rooms")).bearer_auth(token);
    let room = ask(room.json(&json!({ "name": "A room" }))).await.1;
    let room = format!("{address}/api/rooms/{}", room["id"].as_str().unwrap());

    let idle = peak_memory(server.id());
    // Pictures of 4 MiB, and documents of 5.
    let picture = noise(1300, 1100, ImageFormat::Png);
    let document = pdf(5_242_880);
    let start = Instant::now();
    let uploads = join_all((0..UPLOADS).map(|n: usize| {
        let form = if n.is_multiple_of(2) {
            form("x.png", "image/png", picture.clone())
        } else {
            form("x.pdf", "application/pdf", document.clone())
        };
        ask(client.post(format!("{room}/upload")).bearer_auth(token).multipart(form))
    }));
    let saves = async {
        let mut times = Vec::new();
        for n in 0..200 {
            let save = client.put(format!("{room}/gameplay-states/game")).bearer_auth(token);
            let begin = Instant::now();
            assert_eq!(ask(save.json(&json!({ "state": { "n": n } }))).await.0, 200);
            times.push(begin.elapsed());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        times.sort();
        times
    };
    let (answers, times): (Vec<(u16, Value)>, Vec<Duration>) = tokio::join!(uploads, saves);
    for (status, answer) in answers {
        assert_eq!(status, 200, "{answer}");
    }
    let peak = peak_memory(server.id());
    println!(
        "{UPLOADS} uploads in {:?}; memory {idle} KiB before, {peak} KiB at most; saves meanwhile: \
         p50 {:?}, p99 {:?}",
        start.elapsed(),
        times[times.len() / 2],
        times[times.len() * 99 / 100],
    );
    assert!(peak - idle < MEMORY_MAX, "{peak} KiB, {idle} of them before");
}
