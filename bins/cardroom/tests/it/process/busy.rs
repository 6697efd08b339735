//! A database that is locked for a while.

use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::Response;
use serde_json::json;
use uuid::Uuid;

use crate::app::{TestApp, body_of};
use crate::behind::Behind;

/// `database.wait_timeout_ms` in these tests.
const WAIT: Duration = Duration::from_millis(200);

/// A registration, which writes to `users`, and how long it took.
async fn write(app: &TestApp) -> (Response, Duration) {
    let email = format!("{}@example.com", Uuid::new_v4());
    let body = json!({ "email": email, "password": "correct horse", "full_name": "Ada" });
    let start = Instant::now();
    let answer = app.post("/api/auth/register", &body).send().await.unwrap();
    (answer, start.elapsed())
}

#[testkit::on_both_databases]
async fn a_checkout_timeout_is_answered_with_retry_after() {
    let app = TestApp::spawn_with(&[
        ("CARDROOM__DATABASE__POOL_SIZE", "1"),
        ("CARDROOM__DATABASE__WAIT_TIMEOUT_MS", "200"),
        ("CARDROOM__DATABASE__LOCK_TIMEOUT_MS", "30000"),
        ("CARDROOM__DATABASE__STATEMENT_TIMEOUT_MS", "30000"),
        ("CARDROOM__DATABASE__BUSY_TIMEOUT_MS", "30000"),
    ])
    .await;
    assert_eq!(write(&app).await.0.status(), 201);

    let mut holder = Box::pin(write(&app));
    let refused = Behind::of(&app)
        .while_writes_are_blocked("users", async {
            // The holder takes the one connection and keeps it.
            let held = tokio::time::timeout(WAIT * 2, &mut holder).await;
            assert!(held.is_err(), "nothing held the connection");
            let all = join_all((0..10).map(|_| write(&app)));
            let health = async {
                let start = Instant::now();
                let answer = app.get("/health").send().await.unwrap();
                (answer.status().as_u16(), start.elapsed())
            };
            let (refused, (status, took)) = tokio::join!(all, health);
            assert_eq!(status, 200);
            assert!(took < WAIT, "/health took {took:?}");
            refused
        })
        .await;

    for (answer, took) in refused {
        assert_eq!(answer.status(), 503);
        assert!((WAIT..WAIT * 5).contains(&took), "{took:?}");
        assert_eq!(answer.headers()["retry-after"], "1");
        let body = body_of(answer).await;
        assert_eq!(body["code"], "database_busy");
        assert_eq!(body["detail"], "The service is busy, please try again");
    }
    assert_eq!(holder.await.0.status(), 201);
    assert_eq!(write(&app).await.0.status(), 201);
}

#[testkit::on_both_databases]
async fn a_statement_that_waits_too_long_is_cancelled_and_its_connection_is_reused() {
    let app = TestApp::spawn_with(&[
        ("CARDROOM__DATABASE__POOL_SIZE", "1"),
        ("CARDROOM__DATABASE__LOCK_TIMEOUT_MS", "200"),
        ("CARDROOM__DATABASE__BUSY_TIMEOUT_MS", "200"),
    ])
    .await;

    let (answer, took) = Behind::of(&app).while_writes_are_blocked("users", write(&app)).await;

    assert_eq!(answer.status(), 503);
    assert!(took < WAIT * 5, "{took:?}");
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(body_of(answer).await["code"], "database_unavailable");
    assert_eq!(write(&app).await.0.status(), 201);
}
