//! The metrics of commits.

use serde_json::json;

use crate::app::{TestApp, ask};

#[testkit::on_both_databases]
async fn the_metrics_count_the_commits_of_each_kind() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let path = format!("/api/rooms/{}/gameplay-states/game", room.id);
    assert_eq!(ask(counsellor.put(&path, &json!({ "state": {} }))).await.0, 200);
    assert_eq!(app.join(&room.code, "session-1").await.status(), 201);

    let metrics = app.get("/metrics").send().await.unwrap().text().await.unwrap();

    for work in ["open", "save", "join"] {
        for figure in ["size", "queue_depth", "duration_seconds"] {
            let count = format!("cardroom_group_commit_{figure}_count{{work=\"{work}\"}} ");
            let line = metrics.lines().find_map(|line| line.strip_prefix(&count));
            assert!(line.is_some_and(|count| count != "0"), "{count}: {metrics}");
        }
    }
}
