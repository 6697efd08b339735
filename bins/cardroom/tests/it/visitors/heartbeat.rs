//! Heartbeats, as load scripts (PUT) and the web app (PATCH) send them.

use serde_json::{Value, json};

use super::{joined, path_of, set_clocks_back};
use crate::app::{TestApp, ask};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn a_heartbeat_moves_last_seen_and_nothing_else() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await;
    let mut visitor = joined(&app, &room, "Mei", "session-1").await;
    let path = path_of(&visitor) + "/heartbeat";

    for method in ["PUT", "PATCH"] {
        let bare = app.request(method, &path);
        let json = app.request(method, &path).json(&json!({ "status": "here" }));
        let list = app.request(method, &path).json(&json!([1]));
        let text = app.request(method, &path).body("I am here");
        let torn = app.request(method, &path).header("content-type", "application/json").body("{");
        for request in [bare, json, list, text, torn] {
            let (status, seen) = ask(request).await;
            assert_eq!(status, 200, "{method}: {seen}");
            assert!(last_seen(&seen) > last_seen(&visitor), "{method}");
            visitor["last_seen"] = seen["last_seen"].clone();
            assert_eq!(seen, visitor);
        }
    }
    assert_eq!(ask(app.get(&path_of(&visitor))).await, (200, visitor));
}

#[testkit::on_both_databases]
async fn only_a_visitor_who_has_not_left_sends_heartbeats() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await;
    let visitor = path_of(&joined(&app, &room, "Mei", "session-1").await);
    let unknown = format!("/api/visitors/{}", super::UNKNOWN_ID);
    let mut transcript = Transcript::default();

    for method in ["PUT", "PATCH"] {
        let beat = |visitor: &str| app.request(method, &format!("{visitor}/heartbeat"));
        transcript.say("a visitor", beat(&visitor)).await;
        transcript.say("nobody", beat(&unknown)).await;
        transcript.say("no id", beat("/api/visitors/first")).await;
    }
    ask(app.request("DELETE", &visitor)).await;
    for method in ["PUT", "PATCH"] {
        let request = app.request(method, &format!("{visitor}/heartbeat"));
        transcript.say("one who left", request).await;
    }

    transcript.check("visitors_heartbeat");
}

#[testkit::on_both_databases]
async fn a_refused_heartbeat_moves_nothing() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await;
    let path = path_of(&joined(&app, &room, "Mei", "session-1").await);
    ask(app.request("DELETE", &path)).await;
    let (_, left) = ask(app.get(&path)).await;

    assert_eq!(ask(app.request("PUT", &format!("{path}/heartbeat"))).await.0, 400);

    assert_eq!(ask(app.get(&path)).await, (200, left));
}

/// The clock of an instance may be behind that of another.
#[testkit::on_both_databases]
async fn a_heartbeat_never_moves_last_seen_back() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await;
    let path = path_of(&joined(&app, &room, "Mei", "session-1").await);
    set_clocks_back(&app).await;
    let (_, before) = ask(app.get(&path)).await;

    let seen = ask(app.request("PUT", &format!("{path}/heartbeat"))).await;

    assert_eq!(seen, (200, before));
}

fn last_seen(visitor: &Value) -> &str {
    visitor["last_seen"].as_str().unwrap()
}
