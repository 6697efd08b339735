//! The health endpoints: live, started, ready.

use std::time::{Duration, Instant};

use database::Db;

use crate::app::{TestApp, ask, body_of};
use crate::behind::Behind;

#[testkit::on_both_databases]
async fn a_server_that_is_up_is_alive_started_and_ready() {
    let app = TestApp::spawn().await;
    let (status, body) = ask(app.get("/health/live")).await;
    assert_eq!((status, body["status"].as_str()), (200, Some("alive")));
    let (status, body) = ask(app.get("/health/startup")).await;
    assert_eq!((status, body["status"].as_str()), (200, Some("started")));

    let (status, body) = ask(app.get("/health/ready")).await;

    assert_eq!((status, body["status"].as_str()), (200, Some("ready")), "{body}");
    assert_eq!(body["database"]["status"], "up", "{body}");
    let [latency, wait] = ["latency_ms", "wait_ms"].map(|it| body["database"][it].as_f64());
    assert!(latency > Some(0.0) && wait >= Some(0.0) && latency >= wait, "{body}");
    assert!(body["pool"]["size"].as_u64() > Some(0), "{body}");
    let queues = body["queues"].as_array().unwrap();
    let names: Vec<_> = queues.iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names, ["save", "open", "join", "heartbeat"]);
    for queue in queues {
        assert_eq!(queue["waiting"], 0, "{queue}");
        assert!(queue["capacity"].as_u64() > Some(0), "{queue}");
    }
}

#[testkit::on_both_databases]
async fn a_server_that_is_asked_to_stop_is_not_ready() {
    // The listener closes after a moment; a machine that is too busy for that tries again.
    for _ in 0..5 {
        let app = TestApp::spawn().await;
        assert_eq!(ask(app.get("/health/ready")).await.0, 200);
        app.lifecycle.drain();
        let Ok(answer) = app.get("/health/ready").send().await else { continue };

        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "1");
        assert_eq!(answer.headers()["connection"], "close");
        assert_eq!(body_of(answer).await["code"], "stopping");
        return;
    }
    panic!("the listener always closed before the request");
}

#[testkit::on_both_databases]
async fn a_hanging_database_is_reported_soon_and_does_not_make_the_server_unready() {
    let app = TestApp::spawn_with(&[("CARDROOM__DATABASE__POOL_SIZE", "1")]).await;
    let behind = Behind::of(&app);
    // Readers of SQLite never wait for locks.
    let Db::Postgres { .. } = behind.0 else { return };
    let counsellor = app.counsellor().await;
    let saving = behind.while_reads_are_blocked("rooms", async {
        let holder = counsellor.get("/api/rooms").send();
        tokio::pin!(holder);
        let held = tokio::time::timeout(Duration::from_millis(300), &mut holder).await;
        assert!(held.is_err(), "nothing held the connection");
        let start = Instant::now();
        let (status, body) = ask(app.get("/health/ready")).await;
        assert_eq!((status, body["database"]["status"].as_str()), (200, Some("slow")), "{body}");
        assert_eq!(body["pool"]["in_use"], 1, "{body}");
        assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
        assert_eq!(ask(app.get("/health/live")).await.0, 200);
    });
    saving.await;
}
