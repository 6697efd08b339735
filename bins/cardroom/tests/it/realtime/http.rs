//! Broadcasts over HTTP, as clients outside the channel send them.

use serde_json::json;

use super::socket::Socket;
use crate::app::{TestApp, ask, body_of};

const BATCH: &str = "/realtime/v1/api/broadcast";

#[testkit::on_both_databases]
async fn messages_over_http_reach_every_member_of_the_channel() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await.id;
    let topic = format!("realtime:room:{room}");
    let (mut one, mut two) = (Socket::first(&app).await, Socket::second(&app).await);
    one.enter(&topic).await;
    two.enter(&topic).await;

    let message = json!({ "topic": format!("room:{room}"), "event": "batch", "payload": { "n": 1 }, "private": false });
    let answer =
        app.post(&format!("{BATCH}?apikey=anon&vsn=2.0.0"), &json!({ "messages": [message] }));
    let answer = answer.header("apikey", "anon").header("authorization", "").send().await.unwrap();
    assert_eq!(answer.status(), 202);
    assert_eq!(answer.text().await.unwrap(), "");
    let path = format!("{BATCH}/room:{room}/events/rest%20one%2F%C3%A9?apikey=anon");
    let answer = app.post(&path, &json!({ "n": 2 })).header("apikey", "anon").send().await.unwrap();
    assert_eq!(answer.status(), 202);
    for socket in [&mut one, &mut two] {
        for (event, n) in [("batch", 1), ("rest one/é", 2)] {
            let received = socket.receive().await.payload;
            assert_eq!(
                (&received["event"], &received["payload"]),
                (&json!(event), &json!({ "n": n }))
            );
            assert_eq!(received["meta"]["seq"], n);
        }
    }
    let path = format!("{BATCH}/room:{room}/events/bytes");
    let bytes = app.request("POST", &path).header("content-type", "application/octet-stream");
    assert_eq!(bytes.body(vec![0, 255]).send().await.unwrap().status(), 202);
    assert_eq!(two.receive().await.bytes, [0, 255]);
}

#[testkit::on_both_databases]
async fn a_batch_is_broadcast_as_a_whole_or_not_at_all() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await.id;
    let topic = format!("realtime:room:{room}");
    let mut socket = Socket::first(&app).await;
    socket.enter(&topic).await;

    let unfit = [("lobby", "e", 422), (&*format!("room:{room}"), "state_saved", 403)];
    for (where_to, event, expected) in unfit {
        let messages = json!([
            { "topic": format!("room:{room}"), "event": "first", "payload": {} },
            { "topic": where_to, "event": event, "payload": {} },
        ]);
        let batch = app.post(&format!("{BATCH}?apikey=anon"), &json!({ "messages": messages }));
        assert_eq!(ask(batch).await.0, expected);
    }
    let path = format!("{BATCH}/room:{room}/events/only?apikey=anon");
    assert_eq!(app.post(&path, &json!({})).send().await.unwrap().status(), 202);
    let received = socket.receive().await.payload;
    assert_eq!((&received["event"], &received["meta"]["seq"]), (&json!("only"), &json!(1)));
}

#[testkit::on_both_databases]
async fn invalid_and_forbidden_messages_are_refused() {
    let app = TestApp::spawn_with(&[("CARDROOM__REALTIME__ADMISSION", "token")]).await;
    let (ada, bob) = (app.counsellor().await, app.other_counsellor().await);
    let room = ada.room().await.id;
    let path = format!("{BATCH}/room:{room}/events/e");
    assert_eq!(ada.post(&path, &json!({})).send().await.unwrap().status(), 202);
    let (status, body) = ask(app.post(&path, &json!({}))).await;
    assert_eq!(
        (status, &body["code"], &body["message"]),
        (401, &json!("invalid_token"), &body["detail"])
    );
    assert_eq!(ask(bob.post(&path, &json!({}))).await.0, 403);
    let saved = format!("{BATCH}/room:{room}/events/state_saved");
    assert_eq!(ask(ada.post(&saved, &json!({}))).await.0, 403);
    let nowhere = format!("{BATCH}/room:00000000-0000-4000-8000-000000000000/events/e");
    assert_eq!(ask(ada.post(&nowhere, &json!({}))).await.0, 404);
    assert_eq!(ask(ada.post(&format!("{BATCH}/lobby/events/e"), &json!({}))).await.0, 422);
    for body in ["", "{}", r#"{"messages":7}"#, r#"{"messages":[{"topic":"a"}]}"#] {
        assert_eq!(ask(ada.request("POST", BATCH).body(body)).await.0, 422, "{body}");
    }
    for (private, expected) in [("true", 202), ("false", 202), ("1", 422), ("", 422)] {
        let asked = ada.post(&format!("{path}?private={private}"), &json!({}));
        assert_eq!(asked.send().await.unwrap().status(), expected, "{private}");
    }
    let text = ada.request("POST", &path).header("content-type", "text/plain").body("x");
    assert_eq!(ask(text).await.0, 415);
    let large = ada.post(&path, &json!({ "x": "y".repeat(300_000) }));
    assert_eq!(ask(large).await.0, 413);
}

#[testkit::on_both_databases]
async fn a_payload_is_as_large_as_on_a_socket() {
    const PAYLOAD_BYTES: usize = 65_536;
    let bytes = PAYLOAD_BYTES.to_string();
    let app = TestApp::spawn_with(&[("CARDROOM__REALTIME__PAYLOAD_BYTES", &bytes)]).await;
    let topic = format!("room:{}", app.counsellor().await.room().await.id);
    let path = format!("{BATCH}/{topic}/events/e?apikey=anon");
    for (size, expected) in [(PAYLOAD_BYTES, 202), (PAYLOAD_BYTES + 1, 413)] {
        // A string of JSON has two quotes.
        let text = json!("x".repeat(size - 2));
        let message = json!({ "topic": topic, "event": "e", "payload": text });
        let batch = json!({ "messages": [message] });
        let raw = app.request("POST", &path).header("content-type", "application/octet-stream");
        for request in [
            app.post(&path, &text),
            app.post(&format!("{BATCH}?apikey=anon"), &batch),
            raw.body(vec![0; size]),
        ] {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), expected, "{size}");
            if expected == 413 {
                assert_eq!(body_of(answer).await["code"], "payload_too_large");
            }
        }
    }
}

#[testkit::on_both_databases]
async fn messages_over_http_are_accepted_at_the_alias_too() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await.id;
    let mut socket = Socket::second(&app).await;
    socket.enter(&format!("realtime:room:{room}")).await;
    // The URL that clients derive from ws://host/socket.
    let message = json!({ "topic": format!("room:{room}"), "event": "batch", "payload": {} });
    let batch = app.post("/api/broadcast?apikey=anon", &json!({ "messages": [message] }));
    assert_eq!(batch.send().await.unwrap().status(), 202);
    let path = format!("/api/broadcast/room:{room}/events/one?apikey=anon");
    assert_eq!(app.post(&path, &json!({})).send().await.unwrap().status(), 202);
    for event in ["batch", "one"] {
        assert_eq!(socket.receive().await.payload["event"], event);
    }
}
