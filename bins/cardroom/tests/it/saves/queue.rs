//! A queue that is full.

use std::time::Duration;

use futures::future::join_all;
use reqwest::Response;
use testkit::Kind;

use super::line::check;
use super::{acknowledged, kept, path_of, save};
use crate::app::{TestApp, body_of};
use crate::behind::Behind;

/// How long a save may take to reach its lane.
const ARRIVAL: Duration = Duration::from_millis(300);

#[testkit::on_both_databases]
async fn a_full_queue_is_answered_with_retry_after() {
    let app = TestApp::spawn_with(&[
        ("CARDROOM__DATABASE__WRITE_LANES", "1"),
        ("CARDROOM__DATABASE__WRITE_QUEUE", "1"),
        ("CARDROOM__DATABASE__LOCK_TIMEOUT_MS", "30000"),
        ("CARDROOM__DATABASE__BUSY_TIMEOUT_MS", "30000"),
        ("CARDROOM__DATABASE__STATEMENT_TIMEOUT_MS", "30000"),
    ])
    .await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let send = async |marker: &str| save(&counsellor, &path, marker).send().await.unwrap();
    let first = send("first").await;
    let taken: &[&str] = match app.database.kind {
        Kind::Postgres => &["held", "ahead", "waits"],
        Kind::Sqlite => &["held", "waits"],
    };
    let mut taken: Vec<_> = taken.iter().map(|marker| Box::pin(send(marker))).collect();

    let behind = Behind::of(&app);
    let refused: Vec<Response> = behind
        .while_writes_are_blocked("gameplay_states", async {
            // One save is in progress, on PostgreSQL another one behind it, and one waits: the queue is full.
            for save in &mut taken {
                let arrived = tokio::time::timeout(ARRIVAL, save).await;
                assert!(arrived.is_err(), "nothing held the save");
            }
            join_all((0..10).map(|_| send("refused"))).await
        })
        .await;

    for answer in refused {
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "1");
        assert_eq!(body_of(answer).await["code"], "write_queue_full");
    }
    let mut saved = Vec::new();
    let mut answers = vec![first];
    answers.extend(join_all(taken).await);
    answers.push(send("last").await);
    for answer in answers {
        assert_eq!(answer.status(), 200);
        saved.push(acknowledged(&body_of(answer).await));
    }
    assert_eq!(check(&saved, &kept(&counsellor, &path).await), Ok(()));
}
