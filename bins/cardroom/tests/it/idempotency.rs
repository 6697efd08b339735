//! Requests that are sent again with the same key.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::app::{TestApp, ask, body_of};
use crate::client::Counsellor;
use crate::transcript::Transcript;

fn merge(who: &Counsellor<'_>, path: &str, change: &Value) -> RequestBuilder {
    let request = who.request("PATCH", path).body(change.to_string());
    request.header("content-type", "application/merge-patch+json")
}

async fn path_of_a_game(counsellor: &Counsellor<'_>) -> String {
    format!("/api/rooms/{}/gameplay-states/game", counsellor.room().await.id)
}

fn state(n: i32) -> Value {
    json!({ "state": { "n": n } })
}

#[testkit::on_both_databases]
async fn a_request_that_is_repeated_is_answered_again() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of_a_game(&counsellor).await;
    let save = || counsellor.put(&path, &state(1)).header("idempotency-key", "save");
    let change = || merge(&counsellor, &path, &json!({ "m": 1.50 })).header("idempotency-key", "p");
    let mut transcript = Transcript::default();

    let first = transcript.say("save", save()).await;
    assert_eq!(transcript.say("the same", save()).await, first);
    let patched = transcript.say("patch", change()).await;
    assert_eq!(transcript.say("the same", change()).await, patched);
    ask(counsellor.put(&path, &state(3))).await;
    assert_eq!(transcript.say("save, after others did", save()).await, first);
    assert_eq!(transcript.say("patch, after others did", change()).await, patched);
    transcript.say("what is there", counsellor.get(&path)).await;
    ask(counsellor.request("DELETE", &path)).await;
    assert_eq!(transcript.say("save, after it was deleted", save()).await, first);
    assert_eq!(ask(counsellor.get(&path)).await.0, 404);

    transcript.check("idempotency_states");
}

#[testkit::on_both_databases]
async fn a_room_is_opened_once() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let body = json!({ "name": "A room", "expires_at": "2030-01-02T03:04:05.678901Z" });
    let open = || counsellor.post("/api/rooms", &body).header("idempotency-key", "open");
    let mut transcript = Transcript::default();

    let first = transcript.say("open", open()).await;
    assert_eq!(transcript.say("the same", open()).await, first);
    let other = counsellor.post("/api/rooms", &json!({ "name": "Another" }));
    transcript.say("another", other.header("idempotency-key", "open")).await;
    let this = format!("/api/rooms/{}", first["id"].as_str().unwrap());
    ask(counsellor.request("PUT", &this).json(&json!({ "name": "Renamed" }))).await;
    assert_eq!(ask(open()).await, (201, first));

    let (_, rooms) = ask(counsellor.get("/api/rooms")).await;
    let names: Vec<&Value> = rooms.as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names.iter().filter(|it| **it == "Renamed").count(), 1, "{rooms}");
    assert_eq!(names.iter().filter(|it| **it == "A room").count(), 0, "{rooms}");
    transcript.check("idempotency_rooms");
}

#[testkit::on_both_databases]
async fn a_key_stands_for_one_request() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let (path, other) = (path_of_a_game(&counsellor).await, path_of_a_game(&counsellor).await);
    let (_, saved) = ask(counsellor.put(&path, &state(1)).header("idempotency-key", "key")).await;

    for request in [
        counsellor.put(&path, &state(2)),
        counsellor.put(&other, &state(1)),
        counsellor.put(&path, &state(1)).header("if-match", "*"),
        merge(&counsellor, &path, &state(1)),
        counsellor.post("/api/rooms", &json!({ "name": "A room" })),
    ] {
        let (status, answer) = ask(request.header("idempotency-key", "key")).await;
        assert_eq!((status, &answer["code"]), (422, &json!("idempotency_key_reused")));
    }
    assert_eq!(ask(counsellor.get(&path)).await, (200, saved));
    assert_eq!(ask(counsellor.get(&other)).await.0, 404);
}

#[testkit::on_both_databases]
async fn everybody_has_keys_of_their_own() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let path = format!("/api/rooms/{}/gameplay-states/game", room.id);
    ask(counsellor.put(&path, &state(1))).await;
    let visitor = async |session| {
        let joined = body_of(app.join(&room.code, session).await).await;
        Counsellor::new(&app, joined["visitor_token"].as_str().unwrap().to_owned())
    };
    let players = [app.counsellor().await, visitor("one").await, visitor("two").await];

    for (version, who) in (2..).zip(&players) {
        let change = merge(who, &path, &json!({ "n": 2 })).header("idempotency-key", "key");
        let (status, answer) = ask(change).await;
        assert_eq!((status, &answer["version"]), (200, &json!(version)), "{answer}");
    }
    for who in [app.counsellor().await, app.other_counsellor().await] {
        let body = json!({ "name": "A room" });
        let open = || ask(who.post("/api/rooms", &body).header("idempotency-key", "room"));
        let (status, opened) = open().await;
        assert_eq!(status, 201);
        let (_, me) = ask(who.get("/api/auth/me")).await;
        assert_eq!(opened["counselor_id"], me["id"]);
        assert_eq!(open().await, (201, opened));
    }
}

#[testkit::on_both_databases]
async fn a_refusal_is_not_kept() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of_a_game(&counsellor).await;
    let change = || merge(&counsellor, &path, &json!({ "m": 1 })).header("idempotency-key", "key");

    assert_eq!(ask(change()).await.0, 404);
    assert_eq!(ask(change()).await.0, 404);
    ask(counsellor.put(&path, &state(1))).await;
    let (status, patched) = ask(change()).await;
    assert_eq!((status, &patched["version"]), (200, &json!(2)));
    assert_eq!(ask(change()).await, (200, patched));
}

#[testkit::on_both_databases]
async fn a_key_has_1_to_255_characters() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of_a_game(&counsellor).await;
    let put = |key: &str| counsellor.put(&path, &state(1)).header("idempotency-key", key);
    let mut transcript = Transcript::default();

    transcript.say("empty", put("")).await;
    transcript.say("empty, in quotes", put("\"\"")).await;
    let long = "k".repeat(256);
    for key in [long.as_str(), "é", " "] {
        for request in [
            counsellor.put(&path, &state(1)),
            merge(&counsellor, &path, &json!({})),
            counsellor.post("/api/rooms", &json!({ "name": "A room" })),
        ] {
            let (status, answer) = ask(request.header("idempotency-key", key)).await;
            let place = json!(["header", "Idempotency-Key"]);
            assert_eq!((status, &answer["detail"][0]["loc"]), (422, &place), "{key}");
        }
    }
    assert_eq!(ask(counsellor.get(&path)).await.0, 404);

    let (_, saved) = ask(put(&long[1..])).await;
    assert_eq!(ask(put(&format!("\"{}\"", &long[1..]))).await, (200, saved));
    transcript.check("idempotency_keys_invalid");
}
