//! Refused joins: the answer reveals nothing about the room.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::joined;
use crate::app::{TestApp, ask};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn an_unknown_a_closed_and_an_expired_room_answer_the_same_bytes() {
    // Each worker lists the exposed headers in an order of its own.
    let app = TestApp::spawn_with(&[("CARDROOM__SERVER__WORKERS", "1")]).await;
    let counsellor = app.counsellor().await;
    let closed = counsellor.room().await;
    joined(&app, &closed, "Mei", "session-1").await;
    ask(counsellor.request("DELETE", &format!("/api/rooms/{}", closed.id))).await;
    let over = json!({ "name": "Over", "expires_at": "2020-01-01" });
    let (_, over) = ask(counsellor.post("/api/rooms", &over)).await;
    let over = over["share_code"].as_str().unwrap();

    let unknown = refusal(&app, "000000").await;
    assert_eq!(refusal(&app, &closed.code).await, unknown);
    assert_eq!(refusal(&app, over).await, unknown);
    assert_eq!(refusal(&app, &closed.code.to_lowercase()).await, unknown);
}

/// The whole answer to a join that is refused: the status, the headers and the body, without values that
/// differ from request to request.
async fn refusal(app: &TestApp, code: &str) -> (u16, BTreeSet<String>, String) {
    let answer = app.join(code, "session-1").await;
    let status = answer.status().as_u16();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let of_the_request = ["date", "x-request-id"];
    let headers =
        answer.headers().iter().filter(|(name, _)| !of_the_request.contains(&name.as_str()));
    let headers = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    (status, headers, answer.text().await.unwrap().replace(&id, ""))
}

#[testkit::on_both_databases]
async fn an_ended_room_admits_no_visitors() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let ended = json!({ "name": "Soon over", "expires_at": "2099-01-01" });
    let (_, room) = ask(counsellor.post("/api/rooms", &ended)).await;
    let code = room["share_code"].as_str().unwrap();
    assert_eq!(app.join(code, "session-1").await.status(), 201);
    let path = format!("/api/rooms/{}", room["id"].as_str().unwrap());

    ask(counsellor.request("DELETE", &path)).await;
    assert_eq!(app.join(code, "session-1").await.status(), 404);
    ask(counsellor.request("POST", &format!("{path}/restore"))).await;
    assert_eq!(app.join(code, "session-1").await.status(), 201);
}

#[testkit::on_both_databases]
async fn each_fault_of_a_join_is_named_before_the_room_is_looked_up() {
    let app = TestApp::spawn().await;
    let mut transcript = Transcript::default();

    for (what, body) in [
        ("nothing", json!({})),
        ("wrong types", json!({ "name": null, "session_id": 7 })),
        ("U+0000", json!({ "name": "a\0", "session_id": "\0" })),
        ("no object", json!("Mei")),
    ] {
        let request = app.post("/api/visitors/join-room/000000", &body);
        transcript.say(what, request).await;
    }
    transcript
        .say(
            "an unknown code",
            app.post(
                "/api/visitors/join-room/000000",
                &json!({ "name": "Mei", "session_id": "session-1" }),
            ),
        )
        .await;

    transcript.check("visitors_join_invalid");
}

#[testkit::on_both_databases]
async fn names_and_sessions_are_measured_in_characters() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await;
    let path = format!("/api/visitors/join-room/{}", room.code);

    for (field, most) in [("name", 100), ("session_id", 255)] {
        let mut body = json!({ "name": "Mei", "session_id": "session-1" });
        body[field] = Value::from("訪".repeat(most));
        let (status, visitor) = ask(app.post(&path, &body)).await;
        assert_eq!((status, &visitor[field]), (201, &body[field]));

        body[field] = Value::from("訪".repeat(most + 1));
        let (status, answer) = ask(app.post(&path, &body)).await;
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
