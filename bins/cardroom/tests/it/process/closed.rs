//! The files that a clean stop leaves.

use std::time::Duration;

use diesel::sql_query;
use reqwest::Client;
use serde_json::json;
use settings::DatabaseUrl;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::Process;
use super::stop::game;
use crate::behind::Behind;

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_under_use_leaves_one_sqlite_file() {
    for _ in 0..5 {
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
        let client = Client::new();
        let users: Vec<_> = (0..8)
            .map(|user| {
                let save = client.put(format!("{address}{path}-{user}")).bearer_auth(&token);
                let read = client.get(format!("{address}/api/rooms")).bearer_auth(&token);
                tokio::spawn(async move {
                    for number in 0.. {
                        let state = json!({ "state": { "number": number } });
                        let save = save.try_clone().unwrap().json(&state).send().await;
                        let read = read.try_clone().unwrap().send().await;
                        if save.is_err() || read.is_err() {
                            break;
                        }
                    }
                })
            })
            .collect();
        sleep(Duration::from_millis(300)).await;
        let (status, server) = spawn_blocking(move || (server.stop(), server)).await.unwrap();
        assert!(status.success(), "{status}: {}", server.log());
        for beside in ["db-wal", "db-shm"] {
            let beside = file.with_extension(beside);
            assert!(!beside.exists(), "{} is left: {}", beside.display(), server.log());
        }
        for user in users {
            user.await.unwrap();
        }
    }
}

#[testkit::on_both_databases]
async fn migrations_that_this_release_does_not_know_are_named_at_the_start() {
    let database = testkit::database().await;
    let add = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000001')";
    Behind::at(&database.url).0.write(sql_query(add)).await.unwrap();
    let url = database.url.expose().into_owned();
    let start = move || {
        let mut server = Process::start_with(&url, &[("CARDROOM__LOG__FILTER", "warn")]);
        server.address();
        server
    };
    let mut server = spawn_blocking(start).await.unwrap();
    for _ in 0..100 {
        if server.log().contains("29991231000001") {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert!(server.log().contains("29991231000001"), "{}", server.log());
    assert!(server.stop().success());
}
