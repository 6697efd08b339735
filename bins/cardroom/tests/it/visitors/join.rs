//! Joining a room by its code; joining twice is joining once.

use serde_json::{Value, json};

use super::{joined, path_of, set_clocks_back};
use crate::app::{TestApp, ask};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn joining_answers_the_visitor() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await;
    let path = format!("/api/visitors/join-room/{}", room.code);
    let mut transcript = Transcript::default();

    let body = json!({ "name": "美", "session_id": "visitor_1764000000000_k3j9x1z2a",
        "room_id": super::UNKNOWN_ID, "unknown": [] });
    transcript.say("join", app.post(&path, &body)).await;
    transcript
        .say(
            "an empty name and session",
            app.post(
                &path,
                &json!({ "name": "",
        "session_id": "" }),
            ),
        )
        .await;

    transcript.check("visitors_join");
}

#[testkit::on_both_databases]
async fn the_same_session_is_the_same_visitor() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await;

    let first = joined(&app, &room, "Mei", "session-1").await;
    let again = joined(&app, &room, "Mei Lin", "session-1").await;

    let mut expected = first.clone();
    expected["name"] = json!("Mei Lin");
    expected["last_seen"] = again["last_seen"].clone();
    assert_eq!(again, expected);
    assert!(seen(&again) > seen(&first));
}

#[testkit::on_both_databases]
async fn a_visitor_who_left_comes_back_as_the_same() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await;
    let first = joined(&app, &room, "Mei", "session-1").await;
    assert_eq!(ask(app.request("DELETE", &path_of(&first))).await.0, 200);

    let again = joined(&app, &room, "Mei", "session-1").await;

    assert_eq!((&again["id"], &again["is_active"]), (&first["id"], &json!(true)));
    assert_eq!(again["joined_at"], first["joined_at"]);
    assert_eq!(ask(app.get(&path_of(&first))).await, (200, again));
}

/// The clock of an instance may be behind that of another.
#[testkit::on_both_databases]
async fn joining_again_never_moves_last_seen_back() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await;
    let first = joined(&app, &room, "Mei", "session-1").await;
    set_clocks_back(&app).await;
    let (_, before) = ask(app.get(&path_of(&first))).await;

    let again = joined(&app, &room, "Mei", "session-1").await;

    assert_eq!(again, before);
}

#[testkit::on_both_databases]
async fn the_same_session_in_another_room_is_another_visitor() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let (room, other) = (counsellor.room().await, counsellor.room().await);

    let here = joined(&app, &room, "Mei", "session-1").await;
    let there = joined(&app, &other, "Mei", "session-1").await;

    assert_ne!(here["id"], there["id"]);
    assert_eq!(there["room_id"], other.id.as_str());
    assert_eq!(ask(app.get(&path_of(&here))).await, (200, here));
}

#[testkit::on_both_databases]
async fn sessions_are_compared_exactly() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;

    for session in ["a", "A", "a ", " a", "á", "a\u{301}", "", "%", "_"] {
        joined(&app, &room, "Mei", session).await;
    }

    let (_, visitors) = ask(counsellor.get(&format!("/api/visitors/room/{}", room.id))).await;
    assert_eq!(visitors.as_array().unwrap().len(), 9);
}

fn seen(visitor: &Value) -> &str {
    visitor["last_seen"].as_str().unwrap()
}
