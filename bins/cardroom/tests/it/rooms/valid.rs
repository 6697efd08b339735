//! What makes the description of a room invalid; opening and changing read it alike.

use serde_json::{Value, json};

use crate::app::{TestApp, ask};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn each_fault_of_a_new_room_is_named() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let mut transcript = Transcript::default();

    for (what, body) in [
        ("no name", json!({})),
        ("an empty name", json!({ "name": "" })),
        ("null for a name", json!({ "name": null })),
        ("U+0000 in the name", json!({ "name": "a\0b" })),
        (
            "wrong types",
            json!({ "name": 1, "description": [], "game_rule_slug": true,
            "client_id": 7, "game_rule_id": {}, "expires_at": false }),
        ),
        ("bad ids", json!({ "name": "A room", "client_id": "7", "game_rule_id": "" })),
        ("a bad end", json!({ "name": "A room", "expires_at": "soon" })),
        ("a bad day", json!({ "name": "A room", "expires_at": "2030-02-30T00:00:00" })),
        ("an end after all ends", json!({ "name": "A room", "expires_at": 1e12 })),
        ("an end before all begins", json!({ "name": "A room", "expires_at": "-9000-01-01" })),
        ("no object", json!(["A room"])),
    ] {
        transcript.say(what, counsellor.post("/api/rooms", &body)).await;
    }

    transcript.check("rooms_invalid");
}

/// The answers repeat the long texts, so they are checked here and not in a snapshot.
#[testkit::on_both_databases]
async fn texts_are_measured_in_characters() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let long = |letter: &str, count| Value::from(letter.repeat(count));

    for (field, letter, most) in [("name", "é", 200), ("description", "職", 500)] {
        let mut body = json!({ "name": "A room" });
        body[field] = long(letter, most);
        let (status, room) = ask(counsellor.post("/api/rooms", &body)).await;
        assert_eq!((status, &room[field]), (201, &body[field]));

        body[field] = long(letter, most + 1);
        let (status, answer) = ask(counsellor.post("/api/rooms", &body)).await;
        assert_eq!(status, 422);
        let issue = json!([{
            "type": "string_too_long",
            "loc": ["body", field],
            "msg": format!("String should have at most {most} characters"),
            "input": body[field],
            "ctx": { "max_length": most },
        }]);
        assert_eq!(answer["detail"], issue);
    }
}

#[testkit::on_both_databases]
async fn nothing_is_opened_or_changed_by_an_invalid_request() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let path = super::path_of(&room.id);
    let (_, before) = ask(app.get(&path)).await;

    for body in [json!({ "name": "" }), json!({ "name": "New", "expires_at": "soon" })] {
        assert_eq!(ask(counsellor.post("/api/rooms", &body)).await.0, 422);
        assert_eq!(ask(counsellor.put(&path, &body)).await.0, 422);
    }

    assert_eq!(ask(app.get(&path)).await.1, before);
    let (_, rooms) = ask(counsellor.get("/api/rooms?include_inactive=true")).await;
    assert_eq!(rooms.as_array().unwrap().len(), 1);
}
