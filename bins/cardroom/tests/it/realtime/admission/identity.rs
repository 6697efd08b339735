//! A token proves who joins, and for which room.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{BY_TOKEN, reason, visitor_token, with_token};
use crate::app::{TestApp, body_of};
use crate::realtime::socket::Socket;

#[testkit::on_both_databases]
async fn only_the_owner_and_visitors_join_with_their_tokens() {
    let app = TestApp::spawn_with(&[BY_TOKEN]).await;
    let (ada, bob) = (app.counsellor().await, app.other_counsellor().await);
    let room = ada.room().await;
    let topic = format!("realtime:room:{}", room.id);
    let visitor = body_of(app.join(&room.code, "session").await).await;
    let token = visitor["visitor_token"].as_str().unwrap();
    let elsewhere = visitor_token(&app, &bob.room().await.code).await;
    let mut socket = Socket::second(&app).await;
    for (token, expected) in [
        ("", "Unauthorized: join with a token"),
        ("anon", "Unauthorized: join with a token"),
        ("sb_publishable_x", "Unauthorized: join with a token"),
        ("not.a.token", "InvalidJWTToken"),
        (&bob.token, "Unauthorized: the token is for another room"),
        (&elsewhere, "Unauthorized: the token is for another room"),
    ] {
        let answer = socket.join(&topic, &with_token(token)).await;
        assert!(reason(&answer).starts_with(expected), "{token}: {answer}");
    }

    let mut owner = Socket::second(&app).await;
    assert_eq!(owner.join(&topic, &with_token(&ada.token)).await["status"], "ok");
    // A token may also be the key of the socket.
    let key = format!("apikey={token}&vsn=1.0.0");
    let mut mei = Socket::open(&app, &key).await.unwrap();
    assert_eq!(mei.join(&topic, &with_token(token)).await["status"], "ok");

    // The server sets names and roles: a visitor can neither choose a name nor act as the owner.
    mei.broadcast(&topic, "msg", &json!({})).await;
    let received = owner.receive_event("broadcast").await.payload;
    assert_eq!(received["meta"]["role"], "visitor");
    let name = received["meta"]["sub"].as_str().unwrap().to_owned();
    assert!(!name.contains(visitor["id"].as_str().unwrap()), "{name}");
    assert_eq!(mei.track(&topic, &json!({ "role": "visitor" })).await["status"], "ok");
    let shown = owner.receive_event("presence_diff").await.payload;
    assert_eq!(shown["joins"].as_object().unwrap().keys().collect::<Vec<_>>(), [&name]);
    let answer = mei.track(&topic, &json!({ "role": "owner" })).await;
    assert!(reason(&answer).starts_with("Unauthorized"), "{answer}");
    for event in ["session_ended", "state_saved"] {
        let reference = mei.broadcast(&topic, event, &json!({})).await;
        assert!(reason(&mei.reply(&reference).await).starts_with("Unauthorized"), "{event}");
    }
    assert_eq!(owner.track(&topic, &json!({ "role": "owner" })).await["status"], "ok");
    owner.broadcast(&topic, "session_ended", &json!({})).await;
    let received = mei.receive_event("broadcast").await.payload;
    assert_eq!(
        (&received["event"], &received["meta"]["role"]),
        (&json!("session_ended"), &json!("owner"))
    );
}

#[testkit::on_both_databases]
async fn no_room_is_looked_up_for_a_token_that_is_not_valid_for_it() {
    let app = TestApp::spawn_with(&[BY_TOKEN]).await;
    let ada = app.counsellor().await;
    let elsewhere = visitor_token(&app, &ada.room().await.code).await;
    let mut socket = Socket::second(&app).await;
    // A lookup would be answered with `RoomNotFound`.
    let topic = "realtime:room:00000000-0000-4000-8000-000000000000";
    for (token, expected) in [
        ("", "Unauthorized: join with a token"),
        ("not.a.token", "InvalidJWTToken"),
        (&elsewhere, "Unauthorized: the token is for another room"),
        (&ada.token, "RoomNotFound"),
    ] {
        let answer = socket.join(topic, &with_token(token)).await;
        assert!(reason(&answer).starts_with(expected), "{token}: {answer}");
    }
}

#[testkit::on_both_databases]
async fn a_member_that_sends_the_token_of_another_identity_has_to_rejoin() {
    let app = TestApp::spawn_with(&[BY_TOKEN]).await;
    let ada = app.counsellor().await;
    let room = ada.room().await;
    let topic = format!("realtime:room:{}", room.id);
    let token = &visitor_token(&app, &room.code).await;
    let mut socket = Socket::second(&app).await;
    assert_eq!(socket.join(&topic, &with_token(&ada.token)).await["status"], "ok");
    assert_eq!(socket.track(&topic, &json!({ "role": "owner" })).await["status"], "ok");
    socket.send_event(&topic, "access_token", &json!({ "access_token": token })).await;
    let system = socket.receive_event("system").await;
    assert_eq!(system.payload["message"], "Unauthorized: the token is somebody else's, join anew");
    assert_eq!(socket.receive().await.event, "phx_error");
    assert_eq!(socket.join(&topic, &with_token(token)).await["status"], "ok");
    let reference = socket.broadcast(&topic, "session_ended", &json!({})).await;
    assert!(reason(&socket.reply(&reference).await).starts_with("Unauthorized"));
}

#[testkit::on_both_databases]
async fn a_member_that_may_not_rejoin_has_the_grace_period_of_a_leave() {
    const LOST_GRACE: Duration = Duration::from_secs(8);
    let lost_grace = LOST_GRACE.as_millis().to_string();
    let app = TestApp::spawn_with(&[
        BY_TOKEN,
        ("CARDROOM__REALTIME__RECHECK_SECS", "1"),
        ("CARDROOM__REALTIME__PRESENCE_GRACE_MS", "400"),
        ("CARDROOM__REALTIME__PRESENCE_LOST_GRACE_MS", &lost_grace),
    ])
    .await;
    let ada = app.counsellor().await;
    let room = ada.room().await;
    let topic = format!("realtime:room:{}", room.id);
    let visitor = body_of(app.join(&room.code, "session").await).await;
    let token = visitor["visitor_token"].as_str().unwrap();
    let mut watcher = Socket::first(&app).await;
    assert_eq!(watcher.join(&topic, &with_token(&ada.token)).await["status"], "ok");

    // The visitor leaves the room.
    let mut mei = Socket::second(&app).await;
    assert_eq!(mei.join(&topic, &with_token(token)).await["status"], "ok");
    assert_eq!(mei.track(&topic, &json!({ "role": "visitor" })).await["status"], "ok");
    watcher.receive_event("presence_diff").await;
    let path = format!("/api/visitors/{}", visitor["id"].as_str().unwrap());
    assert_eq!(app.request("DELETE", &path).send().await.unwrap().status(), 200);
    mei.receive_event("phx_error").await;
    let ended = Instant::now();
    watcher.receive_event("presence_diff").await;
    assert!(ended.elapsed() < LOST_GRACE / 2, "{:?}", ended.elapsed());

    // A member switches to another identity.
    let token = &visitor_token(&app, &room.code).await;
    let mut owner = Socket::second(&app).await;
    assert_eq!(owner.join(&topic, &with_token(&ada.token)).await["status"], "ok");
    assert_eq!(owner.track(&topic, &json!({ "role": "owner" })).await["status"], "ok");
    watcher.receive_event("presence_diff").await;
    owner.send_event(&topic, "access_token", &json!({ "access_token": token })).await;
    owner.receive_event("phx_error").await;
    let ended = Instant::now();
    watcher.receive_event("presence_diff").await;
    assert!(ended.elapsed() < LOST_GRACE / 2, "{:?}", ended.elapsed());
}
