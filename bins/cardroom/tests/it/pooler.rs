//! PgBouncer before the database. Where it is not installed, or its version does not fit, a test is left out.

use std::time::Duration;

use database::migrations;
use futures::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};
use testkit::bouncer::{Bouncer, PROGRAM};
use testkit::cluster::Cluster;

use crate::app::body_of;
use crate::process::Process;

/// Why a test is left out.
const NONE: &str = "there is no PgBouncer";

/// Waits for the server to end by itself. Returns its log.
async fn ended(mut server: Process) -> String {
    for _ in 0..600 {
        if let Some(status) = server.has_ended() {
            assert!(!status.success());
            return server.log();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it serves, or tries to: {}", server.log())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_loses_prepared_statements_is_refused_at_the_start() {
    let Some((program, can_keep)) = Bouncer::program() else {
        return testkit::left_out(format_args!("{NONE}; {PROGRAM} may name one"));
    };
    let cluster = Cluster::start().unwrap();
    let bouncer = Bouncer::start(&program, &cluster, 4, can_keep.then_some(0)).unwrap();
    let server = Process::start_with(
        &bouncer.url(),
        &[
            ("DIRECT_DATABASE_URL", &cluster.url()),
            ("CARDROOM__DATABASE__MIGRATE_AT_START", "true"),
        ],
    );

    let log = ended(server).await;

    assert!(log.contains("behind a pooler that loses prepared statements"), "{log}");
    assert!(log.contains("PgBouncer 1.21 or newer with max_prepared_statements"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_the_status_through_a_pooler_does_not_block_migrations() {
    let Some((program, can_keep)) = Bouncer::program() else {
        return testkit::left_out(format_args!("{NONE}; {PROGRAM} may name one"));
    };
    let cluster = Cluster::start().unwrap();
    let bouncer = Bouncer::start(&program, &cluster, 1, can_keep.then_some(100)).unwrap();
    let (through, direct) = (bouncer.url().parse().unwrap(), cluster.url().parse().unwrap());
    let is_migrated = || async {
        let all = migrations::status(&through).await.unwrap();
        assert!(all.windows(2).all(|it| it[0].applied == it[1].applied), "{all:?}");
        all.iter().all(|it| it.applied)
    };
    assert!(!is_migrated().await);

    let ran = migrations::up(&direct, Duration::from_secs(1)).await.unwrap();

    assert!(!ran.is_empty());
    assert!(is_migrated().await);
    assert!(migrations::up(&direct, Duration::from_secs(1)).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_keeps_prepared_statements_is_supported() {
    let Some((program, true)) = Bouncer::program() else {
        let reason = format!("{NONE} of version 1.21 or newer; {PROGRAM} may name one");
        return testkit::left_out(reason);
    };
    let cluster = Cluster::start().unwrap();
    // Fewer than the server opens, so that each transaction may get another connection.
    let bouncer = Bouncer::start(&program, &cluster, 3, Some(100)).unwrap();
    let mut server = Process::start_with(
        &bouncer.url(),
        &[
            ("DIRECT_DATABASE_URL", &cluster.url()),
            ("CARDROOM__DATABASE__MIGRATE_AT_START", "true"),
        ],
    );
    let address = server.address();
    let client = Client::new();
    let login = json!({ "email": "demo.counselor@example.com", "password": "demo123" });
    let login = client.post(format!("{address}/api/auth/login")).json(&login);
    let token = body_of(login.send().await.unwrap()).await["access_token"].clone();
    let token = token.as_str().unwrap();
    let room = client.post(format!("{address}/api/rooms")).json(&json!({ "name": "A room" }));
    let room: Value = body_of(room.bearer_auth(token).send().await.unwrap()).await;
    let (id, code) = (room["id"].as_str().unwrap(), room["share_code"].as_str().unwrap());

    let everybody = join_all((0..50).map(|person| {
        let (client, address) = (&client, &address);
        async move {
            let game = format!("{address}/api/rooms/{id}/gameplay-states/game-{person}");
            for version in 1..=20 {
                let save = client.put(&game).json(&json!({ "state": { "n": version } }));
                let saved = body_of(save.bearer_auth(token).send().await.unwrap()).await;
                assert_eq!(saved["version"], version, "{saved}");
                let who = json!({ "name": "Mei", "session_id": format!("{person}-{version}") });
                let join = client.post(format!("{address}/api/visitors/join-room/{code}"));
                assert_eq!(join.json(&who).send().await.unwrap().status(), 201);
                let found = client.get(format!("{address}/api/rooms/by-code/{code}"));
                assert_eq!(found.send().await.unwrap().status(), 200);
            }
        }
    }));
    everybody.await;

    assert!(server.stop().success());
    assert!(server.log().contains("a pooler in transaction mode stands before the database"));
}
