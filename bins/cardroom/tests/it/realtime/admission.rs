//! Admission to channels: rooms, tokens and keys.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto::sign;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

use super::socket::Socket;
use crate::app::{TestApp, body_of};
use crate::auth::forged::access_key;

const BY_TOKEN: (&str, &str) = ("CARDROOM__REALTIME__ADMISSION", "token");

/// The token of a new visitor of the room with this code.
async fn visitor_token(app: &TestApp, code: &str) -> String {
    let visitor = body_of(app.join(code, "session").await).await;
    visitor["visitor_token"].as_str().unwrap().to_owned()
}

fn with_token(token: &str) -> Value {
    json!({ "access_token": token, "config": { "broadcast": { "ack": true }, "presence": { "key": "chosen" } } })
}

fn reason(answer: &Value) -> &str {
    assert_eq!(answer["status"], "error", "{answer}");
    answer["response"]["reason"].as_str().unwrap()
}

#[testkit::on_both_databases]
async fn a_room_has_to_exist_and_be_open() {
    const REGISTERED: (&str, &str) = ("CARDROOM__REALTIME__UNREGISTERED_ROOMS", "false");
    for changes in [&[REGISTERED][..], &[REGISTERED, BY_TOKEN]] {
        let app = TestApp::spawn_with(changes).await;
        let ada = app.counsellor().await;
        let payload = with_token(&ada.token);
        let mut socket = Socket::second(&app).await;
        for (topic, expected) in [
            ("realtime:room:00000000-0000-4000-8000-000000000000", "RoomNotFound"),
            ("realtime:room:lobby", "unmatched topic"),
            ("room:00000000-0000-4000-8000-000000000000", "unmatched topic"),
        ] {
            let answer = socket.join(topic, &payload).await;
            assert!(reason(&answer).starts_with(expected), "{answer}");
        }
        for prefix in ["realtime:", "realtime:realtime:"] {
            let room = ada.room().await;
            let topic = format!("{prefix}room:{}", room.id);
            assert_eq!(socket.join(&topic, &payload).await["status"], "ok");
            let path = format!("/api/rooms/{}/close", room.id);
            assert_eq!(ada.post(&path, &json!({})).send().await.unwrap().status(), 200);
            let system = socket.receive_event("system").await;
            assert_eq!(system.payload["status"], "error");
            assert_eq!(system.payload["message"], "RoomClosed: this room is closed or over");
            assert_eq!(socket.receive().await.event, "phx_close");
            let answer = socket.join(&topic, &payload).await;
            assert!(reason(&answer).starts_with("RoomClosed"), "{answer}");
        }
    }
}

#[testkit::on_both_databases]
async fn a_deleted_or_expired_room_ends_its_channels_for_good() {
    for changes in [&[][..], &[BY_TOKEN, ("CARDROOM__REALTIME__RECHECK_SECS", "1")]] {
        let app = TestApp::spawn_with(changes).await;
        let ada = app.counsellor().await;
        let soon = (Utc::now() + chrono::TimeDelta::seconds(2)).to_rfc3339();
        let body = json!({ "name": "short", "expires_at": soon });
        let short = body_of(ada.post("/api/rooms", &body).send().await.unwrap()).await;
        let deleted = ada.room().await;
        let token = visitor_token(&app, short["share_code"].as_str().unwrap()).await;
        let (mut owner, mut mei) = (Socket::first(&app).await, Socket::second(&app).await);
        let topic = format!("realtime:room:{}", short["id"].as_str().unwrap());
        assert_eq!(mei.join(&topic, &with_token(&token)).await["status"], "ok");
        for topic in [&topic, &format!("realtime:room:{}", deleted.id)] {
            assert_eq!(owner.join(topic, &with_token(&ada.token)).await["status"], "ok");
        }
        let delete = ada.request("DELETE", &format!("/api/rooms/{}", deleted.id));
        assert_eq!(delete.send().await.unwrap().status(), 200);
        assert!(end_of(&mut owner).await.contains(&deleted.id));
        assert_eq!(end_of(&mut owner).await, topic);
        assert_eq!(end_of(&mut mei).await, topic);
    }
}

/// The topic of the next channel that ends; the end has to be permanent.
async fn end_of(socket: &mut Socket) -> String {
    loop {
        let received = socket.receive().await;
        assert_ne!(received.event, "phx_error", "{received:?}");
        if received.event == "phx_close" {
            return received.topic;
        }
    }
}

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

/// A token of the demo counsellor that expires soon.
fn short_token(long: &str, seconds: i64) -> String {
    let mut parts = long.split('.');
    let (head, claims) = (parts.next().unwrap(), parts.next().unwrap());
    let mut claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    claims["exp"] = json!(Utc::now().timestamp() + seconds);
    let message = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = sign(message.as_bytes(), &access_key(), Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

#[testkit::on_both_databases]
async fn an_expired_token_ends_the_membership_and_a_renewed_one_keeps_it() {
    let app = TestApp::spawn_with(&[BY_TOKEN]).await;
    let ada = app.counsellor().await;
    let topic = format!("realtime:room:{}", ada.room().await.id);
    let (mut lapsed, mut renewed) = (Socket::second(&app).await, Socket::second(&app).await);
    for socket in [&mut lapsed, &mut renewed] {
        let answer = socket.join(&topic, &with_token(&short_token(&ada.token, 3))).await;
        assert_eq!(answer["status"], "ok", "{answer}");
        socket.receive_event("presence_state").await;
    }
    renewed.send_event(&topic, "access_token", &json!({ "access_token": ada.token })).await;
    // Clients resend their key regularly, which changes nothing.
    for key in [json!("anon"), json!("sb_publishable_x"), Value::Null] {
        renewed.send_event(&topic, "access_token", &json!({ "access_token": key })).await;
    }
    let system = lapsed.receive().await;
    assert_eq!((system.event.as_str(), &system.payload["status"]), ("system", &json!("error")));
    assert_eq!(lapsed.receive().await.event, "phx_error");
    let beat =
        renewed.send_event(&topic, "broadcast", &json!({ "event": "msg", "payload": {} })).await;
    assert_eq!(renewed.reply(&beat).await["status"], "ok");
    assert_eq!(lapsed.join(&topic, &with_token(&ada.token)).await["status"], "ok");
}

#[testkit::on_both_databases]
async fn a_member_stays_until_its_token_is_no_longer_accepted() {
    let app = TestApp::spawn_with(&[BY_TOKEN]).await;
    let ada = app.counsellor().await;
    let topic = format!("realtime:room:{}", ada.room().await.id);
    let mut socket = Socket::second(&app).await;
    // Tokens are accepted for some seconds after their end, because clocks differ.
    let answer = socket.join(&topic, &with_token(&short_token(&ada.token, -3))).await;
    assert_eq!(answer["status"], "ok", "{answer}");
    socket.receive_event("presence_state").await;
    let joined = Instant::now();
    assert_eq!(socket.receive_event("phx_error").await.topic, topic);
    assert!(joined.elapsed() > Duration::from_secs(4), "{:?}", joined.elapsed());
    let answer = socket.join(&topic, &with_token(&short_token(&ada.token, -12))).await;
    assert!(reason(&answer).starts_with("InvalidJWTToken"), "{answer}");
}

#[testkit::on_both_databases]
async fn the_membership_of_a_visitor_who_left_ends() {
    let app = TestApp::spawn_with(&[BY_TOKEN, ("CARDROOM__REALTIME__RECHECK_SECS", "1")]).await;
    let room = app.counsellor().await.room().await;
    let topic = format!("realtime:room:{}", room.id);
    let visitor = body_of(app.join(&room.code, "session").await).await;
    let mut socket = Socket::first(&app).await;
    let token = visitor["visitor_token"].as_str().unwrap();
    assert_eq!(socket.join(&topic, &with_token(token)).await["status"], "ok");
    let path = format!("/api/visitors/{}", visitor["id"].as_str().unwrap());
    assert_eq!(app.request("DELETE", &path).send().await.unwrap().status(), 200);
    assert_eq!(socket.receive_event("phx_error").await.topic, topic);
}

#[testkit::on_both_databases]
async fn the_memberships_of_a_revoked_session_end_soon_and_others_stay() {
    let app = TestApp::spawn_with(&[BY_TOKEN]).await;
    let (here, elsewhere) = (app.counsellor().await, app.counsellor().await);
    let topic = format!("realtime:room:{}", here.room().await.id);
    let (mut revoked, mut kept) = (Socket::second(&app).await, Socket::first(&app).await);
    assert_eq!(revoked.join(&topic, &with_token(&elsewhere.token)).await["status"], "ok");
    assert_eq!(kept.join(&topic, &with_token(&here.token)).await["status"], "ok");
    revoked.receive_event("presence_state").await;
    let logout = elsewhere.post("/api/auth/logout", &json!({})).send().await.unwrap();
    assert!(logout.status().is_success(), "{}", logout.status());
    let start = Instant::now();
    let system = revoked.receive_event("system").await;
    assert_eq!(system.payload["status"], "error");
    assert_eq!(revoked.receive().await.event, "phx_error");
    // Two seconds until the next check, one for the session cache, and some for a busy machine.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    let answer = revoked.join(&topic, &with_token(&elsewhere.token)).await;
    assert!(reason(&answer).starts_with("InvalidJWTToken"), "{answer}");
    let reference = kept.broadcast(&topic, "msg", &json!({})).await;
    assert_eq!(kept.reply(&reference).await["status"], "ok");
}

#[testkit::on_both_databases]
async fn the_anonymous_key_is_required_when_one_is_set() {
    let app = TestApp::spawn_with(&[("CARDROOM__REALTIME__ANON_KEY", "the-key")]).await;
    let status = |opened: Result<Socket, Error>| match opened {
        Ok(_) => 101,
        Err(Error::Http(answer)) => answer.status().as_u16(),
        Err(error) => panic!("{error}"),
    };
    assert_eq!(status(Socket::open(&app, "apikey=the-key").await), 101);
    assert_eq!(status(Socket::open(&app, "apikey=another").await), 401);
    assert_eq!(status(Socket::open(&app, "vsn=1.0.0").await), 401);
    assert_eq!(status(Socket::open(&app, "apikey=the-key&vsn=3.0.0").await), 400);
    let token = app.counsellor().await.token;
    assert_eq!(status(Socket::open(&app, &format!("apikey={token}")).await), 101);
    let plain = app.get("/realtime/v1/websocket?apikey=the-key").send().await.unwrap();
    assert_eq!(plain.status(), 400);
    let page = app.get("/realtime/v1/websocket?apikey=the-key");
    let page = page.header("origin", "https://elsewhere.example").send().await.unwrap();
    assert_eq!(page.status(), 403);
    let body = body_of(page).await;
    assert_eq!((&body["code"], &body["error"]), (&json!("origin_not_allowed"), &body["detail"]));
}

#[testkit::on_both_databases]
async fn a_visitor_ends_no_session_however_the_event_is_written() {
    let app = TestApp::spawn_with(&[BY_TOKEN]).await;
    let ada = app.counsellor().await;
    let room = ada.room().await;
    let topic = format!("realtime:room:{}", room.id);
    let token = &visitor_token(&app, &room.code).await;
    let (mut owner, mut mei) = (Socket::second(&app).await, Socket::second(&app).await);
    assert_eq!(owner.join(&topic, &with_token(&ada.token)).await["status"], "ok");
    assert_eq!(mei.join(&topic, &with_token(token)).await["status"], "ok");
    // Clients compare events without case, some in Turkish.
    for event in ["Session_Ended", "SESSION_ENDED", "sess\u{130}on_ended", "State_Saved"] {
        let reference = mei.broadcast(&topic, event, &json!({})).await;
        assert!(reason(&mei.reply(&reference).await).starts_with("Unauthorized"), "{event}");
        let path = format!("/realtime/v1/api/broadcast/room:{}/events/{event}", room.id);
        let answer = app.post(&path, &json!({})).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{event}");
    }
    let answer = mei.track(&topic, &json!({ "role": "Owner" })).await;
    assert!(reason(&answer).starts_with("Unauthorized"), "{answer}");
    let reference = owner.broadcast(&topic, "Replay_Incomplete", &json!({})).await;
    assert!(reason(&owner.reply(&reference).await).starts_with("Unauthorized"));
    let reference = owner.broadcast(&topic, "Session_Ended", &json!({})).await;
    assert_eq!(owner.reply(&reference).await["status"], "ok");
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
