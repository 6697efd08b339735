//! Memberships end with the token, the session or the visit that admitted them.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto::sign;
use serde_json::{Value, json};

use super::{BY_TOKEN, reason, with_token};
use crate::app::{TestApp, body_of};
use crate::auth::forged::access_key;
use crate::realtime::socket::Socket;

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
