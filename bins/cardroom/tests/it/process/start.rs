//! Starting and stopping.

use std::time::{Duration, Instant};

use database::{Db, migrations};
use diesel_async::SimpleAsyncConnection;
use serde_json::json;
use settings::DatabaseUrl;
use testkit::TestDatabase;
use testkit::cluster::Cluster;
use tokio::task::spawn_blocking;

use super::Process;
use crate::behind::Behind;

/// The URL of a database without any table, which replaces a migrated one.
async fn emptied(database: &TestDatabase) -> DatabaseUrl {
    if let DatabaseUrl::Sqlite(path) = &database.url {
        return DatabaseUrl::Sqlite(path.with_file_name("empty.db"));
    }
    while migrations::revert(&database.url).await.unwrap().is_some() {}
    if let Behind(Db::Postgres { pool, .. }) = Behind::at(&database.url) {
        let mut connection = pool.get().await.unwrap();
        connection.batch_execute("DROP TABLE __diesel_schema_migrations").await.unwrap();
    }
    database.url.clone()
}

#[testkit::on_both_databases]
async fn of_five_servers_that_start_on_an_empty_database_one_migrates_and_all_serve() {
    let client = reqwest::Client::new();
    let login = json!({ "email": "demo.counselor@example.com", "password": "demo123" });
    for round in 0..5 {
        let database = testkit::database().await;
        let url = emptied(&database).await;
        let started: Vec<_> = (0..5).map(|_| Process::start(&url.expose())).collect();
        let mut migrated = 0;
        for mut server in started {
            let (mut server, address) = spawn_blocking(move || {
                let address = server.address();
                (server, address)
            })
            .await
            .unwrap();
            let request = client.post(format!("{address}/api/auth/login")).json(&login);
            assert_eq!(request.send().await.unwrap().status(), 200, "round {round}");
            // All log lines are written once it has ended.
            let log = spawn_blocking(move || {
                server.stop();
                server.log()
            });
            let log = log.await.unwrap();
            migrated += log.matches("the database was migrated").count();
            assert!(!log.contains("ERROR"), "{log}");
        }
        assert_eq!(migrated, 1, "round {round}");
        assert!(migrations::status(&url).await.unwrap().iter().all(|it| it.applied));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_open_before_the_first_request() {
    let cluster = Cluster::start().unwrap();
    let url = cluster.url();
    let (server, address) = spawn_blocking(move || {
        let mut server = Process::start_with(
            &url,
            &[
                ("CARDROOM__DATABASE__CONNECT_AT_START", "true"),
                ("CARDROOM__DATABASE__POOL_SIZE", "5"),
                ("CARDROOM__DATABASE__WRITE_LANES", "3"),
            ],
        );
        let address = server.address();
        (server, address)
    })
    .await
    .unwrap();

    let open = [r#"cardroom_pool_open{pool="pool"} 5"#, r#"cardroom_pool_open{pool="lanes"} 3"#];
    let mut metrics = String::new();
    for _ in 0..200 {
        metrics = reqwest::get(format!("{address}/metrics")).await.unwrap().text().await.unwrap();
        if open.iter().all(|figure| metrics.lines().any(|line| line == *figure)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{metrics} {}", server.log())
}

#[testkit::on_both_databases]
async fn a_server_that_is_asked_to_stop_does_so_at_once_and_with_success() {
    let database = testkit::database().await;
    let url = database.url.expose().into_owned();
    let (mut server, address) = spawn_blocking(move || {
        let mut server = Process::start(&url);
        let address = server.address();
        (server, address)
    })
    .await
    .unwrap();
    // The client keeps its connection open.
    let client = reqwest::Client::new();
    assert_eq!(client.get(format!("{address}/health")).send().await.unwrap().status(), 200);

    let asked = Instant::now();
    let (status, log) = spawn_blocking(move || (server.stop(), server.log())).await.unwrap();

    assert!(status.success(), "{status}");
    assert!(log.contains("cardroom has stopped"), "{log}");
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    assert!(client.get(format!("{address}/health")).send().await.is_err());
}
