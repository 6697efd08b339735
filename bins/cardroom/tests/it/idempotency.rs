//! Requests that are sent again with the same key.

use chrono::TimeDelta;
use database::At;
use database::idempotency::{self, AnswerRow, InFlight, KeyLimits};
use database::schema::idempotency_keys;
use diesel::prelude::*;
use ids::AuthorId;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use values::IdempotencyKey;

use crate::app::{TestApp, ask, body_of};
use crate::behind::Behind;
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
async fn idempotency_keys_belong_to_one_caller() {
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

/// What is stored under a key does not grow with the state.
#[testkit::on_both_databases]
async fn a_stored_answer_is_small_and_repeated_in_full() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of_a_game(&counsellor).await;
    let text = "x".repeat(200_000);
    let whole = || {
        let body = json!({ "state": { "text": text, "n": 0 } });
        counsellor.put(&path, &body).header("idempotency-key", "whole")
    };
    let (_, first) = ask(whole()).await;
    let change = |n: i32| {
        merge(&counsellor, &path, &json!({ "n": n })).header("idempotency-key", n.to_string())
    };
    let mut changed = Vec::new();
    for n in 1..=15 {
        let (status, answer) = ask(change(n)).await;
        assert_eq!(status, 200, "{answer}");
        changed.push(answer);
    }

    let answers = idempotency_keys::table.select(idempotency_keys::answer);
    let stored: Vec<String> = Behind::of(&app).0.read_all(answers).await.unwrap();
    assert_eq!(stored.len(), 16);
    assert!(stored.iter().all(|answer| answer.len() < 300), "{stored:?}");
    assert_eq!(ask(whole()).await, (200, first.clone()));
    for (n, answer) in (1..).zip(&changed) {
        assert_eq!(ask(change(n)).await, (200, answer.clone()), "{n}");
    }
    assert_eq!(ask(counsellor.get(&path)).await.1["version"], 16);

    // A repeated request needs no stored state either.
    ask(counsellor.request("DELETE", &path)).await;
    assert_eq!(ask(whole()).await, (200, first));
    assert_eq!(ask(change(3)).await, (200, changed.swap_remove(2)));
    assert_eq!(ask(counsellor.get(&path)).await.0, 404);
}

/// The answer to a full save is rebuilt from the repeated request, that to a patch from the history.
#[testkit::on_both_databases]
async fn an_answer_whose_version_is_no_longer_stored_names_the_version() {
    let history = [("CARDROOM__HISTORY__SEGMENT", "1"), ("CARDROOM__HISTORY__VERSIONS", "2")];
    let app = TestApp::spawn_with(&history).await;
    let counsellor = app.counsellor().await;
    let path = path_of_a_game(&counsellor).await;
    let whole = || counsellor.put(&path, &state(1)).header("idempotency-key", "whole");
    let change = || merge(&counsellor, &path, &json!({ "m": 2 })).header("idempotency-key", "p");
    let (_, first) = ask(whole()).await;
    let (_, second) = ask(change()).await;
    assert_eq!(ask(change()).await, (200, second));

    for n in 3..=6 {
        ask(counsellor.put(&path, &state(n))).await;
    }

    assert_eq!(ask(whole()).await, (200, first));
    let (status, answer) = ask(change()).await;
    assert_eq!((status, &answer["code"]), (409, &json!("answer_not_kept")), "{answer}");
    assert_eq!(answer["version"], 2);
    assert_eq!(ask(counsellor.get(&path)).await.1["version"], 6);
}

#[testkit::on_both_databases]
async fn the_oldest_answers_beyond_the_limits_are_deleted() {
    let app = TestApp::spawn().await;
    let behind = Behind::of(&app);
    let in_flight = InFlight::default();
    let counts = async || -> i64 {
        behind.0.read_one(idempotency_keys::table.count()).await.unwrap().unwrap()
    };
    let authors = [AuthorId::from_u128(1), AuthorId::from_u128(2), AuthorId::from_u128(3)];
    let start = chrono::Utc::now();
    for (author, keys) in authors.iter().zip([30, 12, 5]) {
        for n in 0..keys {
            let at = At::from(start + TimeDelta::milliseconds(n));
            let key = IdempotencyKey { key: n.to_string(), fingerprint: vec![0] };
            let attempt = in_flight.begin(*author, key, at).unwrap();
            let answer = AnswerRow::new(&attempt, "{}".to_owned());
            let stored: Option<AuthorId> =
                behind.0.write_one(idempotency::store_answer(&answer)).await.unwrap();
            assert!(stored.is_some());
        }
    }
    assert_eq!(counts().await, 47);

    let limits = KeyLimits { per_author: 10, total: 1_000 };
    idempotency::enforce(&behind.0, &in_flight, limits).await.unwrap();
    assert_eq!(counts().await, 25);
    let keys = idempotency_keys::table
        .filter(idempotency_keys::author_id.eq(authors[0]))
        .order(idempotency_keys::answered_at)
        .select(idempotency_keys::key);
    let left: Vec<String> = behind.0.read_all(keys).await.unwrap();
    assert_eq!(left, (20..30).map(|n| n.to_string()).collect::<Vec<_>>());

    let limits = KeyLimits { per_author: 1_000, total: 8 };
    idempotency::enforce(&behind.0, &in_flight, limits).await.unwrap();
    assert!((1..=8).contains(&counts().await), "{}", counts().await);
}
