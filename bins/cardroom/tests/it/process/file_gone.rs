//! An SQLite file that is removed while the server uses it.

use std::fs;
use std::path::PathBuf;

use reqwest::Client;
use serde_json::{Value, json};
use settings::DatabaseUrl;
use tokio::task::spawn_blocking;

use super::Process;
use super::stop::game;

struct Saves {
    client: Client,
    address: String,
    token: String,
    path: String,
}

impl Saves {
    async fn save(&self, number: usize) -> u16 {
        let save = self.client.put(format!("{}{}", self.address, self.path));
        let save = save.bearer_auth(&self.token).json(&json!({ "state": { "number": number } }));
        save.send().await.unwrap().status().as_u16()
    }

    async fn database_status(&self) -> String {
        // The outcome of a probe is cached for a second.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        let ready = self.client.get(format!("{}/health/ready", self.address)).send().await.unwrap();
        let ready: Value = ready.json().await.unwrap();
        ready["database"]["status"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_to_a_removed_file_is_not_acknowledged() {
    let database = testkit::sqlite_database().await.unwrap();
    let DatabaseUrl::Sqlite(file) = database.url.clone() else { unreachable!() };
    let url = database.url.expose().into_owned();
    let start = move || {
        let mut server = Process::start(&url);
        let address = server.address();
        (server, address)
    };
    let (mut server, address) = spawn_blocking(start).await.unwrap();
    let (token, path) = game(&address).await;
    let saves = Saves { client: Client::new(), address, token, path };
    assert_eq!(saves.save(0).await, 200);

    let away: PathBuf = file.with_extension("away");
    fs::rename(&file, &away).unwrap();
    for number in 1..10 {
        assert_eq!(saves.save(number).await, 503, "it is acknowledged and gone");
    }
    assert_eq!(saves.database_status().await, "away");
    assert!(!file.exists(), "an empty file took its place");

    fs::copy(&away, &file).unwrap();
    assert_eq!(saves.save(10).await, 503, "another file has its path");

    fs::rename(&away, &file).unwrap();
    assert_eq!(saves.save(11).await, 200);
    assert_eq!(saves.database_status().await, "up");

    fs::remove_file(&file).unwrap();
    assert_eq!(saves.save(12).await, 503);
    let _ = server.stop();
}
