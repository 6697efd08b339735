//! Many accounts that are looked up at the same moment, in one statement.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::json;

use super::COUNSELLOR;
use crate::app::{TestApp, ask};
use crate::behind::Behind;

/// People: more than there are concurrent lookup statements, so that lookups are batched.
const PEOPLE: usize = 24;

/// One person of this number has logged out.
const GONE: usize = 5;

/// [`PEOPLE`] accounts, each with a session.
async fn people(app: &TestApp, behind: &Behind) -> Vec<(String, String)> {
    let hash = behind.hash(COUNSELLOR).await;
    let mut people = Vec::new();
    for n in 0..PEOPLE {
        let email = format!("person{n}@example.com");
        behind.import(&email, &hash).await;
        let token = app.token(&email).await;
        people.push((email, token));
    }
    people
}

#[testkit::on_both_databases]
async fn accounts_that_are_looked_up_together_are_not_mixed_up() {
    let app = TestApp::spawn().await;
    let behind = Behind::of(&app);
    let people = people(&app, &behind).await;
    for (_, token) in people.iter().step_by(GONE) {
        let logout = app.request("POST", "/api/auth/logout").bearer_auth(token);
        assert_eq!(ask(logout).await.0, 200);
    }

    let me = |token: &str| ask(app.get("/api/auth/me").bearer_auth(token));
    let all = join_all(people.iter().map(|(_, token)| me(token)));
    let answers = behind.batched_at("sessions", all).await;

    for (n, ((email, _), (status, answer))) in people.iter().zip(answers).enumerate() {
        if n.is_multiple_of(GONE) {
            assert_eq!((status, &answer["code"]), (401, &json!("session_over")), "{email}");
        } else {
            assert_eq!((status, &answer["email"]), (200, &json!(email)));
        }
    }
}

#[testkit::on_both_databases]
async fn accounts_that_cannot_be_looked_up_are_refused_soon() {
    let app = TestApp::spawn_with(&[
        ("CARDROOM__DATABASE__WAIT_TIMEOUT_MS", "500"),
        ("CARDROOM__DATABASE__STATEMENT_TIMEOUT_MS", "10000"),
        ("CARDROOM__DATABASE__LOCK_TIMEOUT_MS", "10000"),
    ])
    .await;
    let behind = Behind::of(&app);
    let people = people(&app, &behind).await;
    let me = |token: &str| ask(app.get("/api/auth/me").bearer_auth(token));
    tokio::time::sleep(auth::ACCOUNT_AGE_MAX).await;

    let start = Instant::now();
    let all = join_all(people.iter().map(|(_, token)| me(token)));
    let answers = behind.while_reads_are_blocked("sessions", all).await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    for (status, answer) in answers {
        let outcome = (status, answer["code"].as_str());
        assert!(matches!(outcome, (200, _) | (503, Some("database_busy"))), "{answer}");
    }
    for (email, token) in &people {
        assert_eq!(me(token).await.1["email"], json!(email));
    }
}
