//! The end of a room: members receive the reason before the channels end.

use chrono::{TimeDelta, Utc};
use serde_json::json;

use super::socket::Socket;
use crate::app::{TestApp, body_of};

/// Waits for the end of a room that has this topic.
async fn expect_end(mut sockets: [Socket; 2], topic: &str, reason: &str) {
    for socket in &mut sockets {
        let received = socket.receive_event("broadcast").await;
        assert_eq!(
            (received.topic.as_str(), &received.payload["event"]),
            (topic, &json!("session_ended"))
        );
        assert_eq!(received.payload["payload"]["reason"], reason);
        assert!(received.payload["payload"]["timestamp"].as_str().unwrap().ends_with('Z'));
        assert_eq!(received.payload["meta"]["role"], "server");
        assert_eq!(socket.receive().await.event, "system");
        assert_eq!(socket.receive().await.event, "phx_close");
    }
}

async fn pages(app: &TestApp, topic: &str) -> [Socket; 2] {
    let mut pages = [Socket::first(app).await, Socket::second(app).await];
    for page in &mut pages {
        page.enter(topic).await;
    }
    pages
}

#[testkit::on_both_databases]
async fn the_reason_is_sent_before_the_channels_of_an_ended_room_end() {
    let app = TestApp::spawn().await;
    let ada = app.counsellor().await;

    let closed = ada.room().await.id;
    let topic = format!("realtime:room:{closed}");
    let sockets = pages(&app, &topic).await;
    let close = ada.post(&format!("/api/rooms/{closed}/close"), &json!({}));
    assert_eq!(close.send().await.unwrap().status(), 200);
    expect_end(sockets, &topic, "room_closed").await;

    let deleted = ada.room().await.id;
    let topic = format!("realtime:room:{deleted}");
    let sockets = pages(&app, &topic).await;
    let delete = ada.request("DELETE", &format!("/api/rooms/{deleted}"));
    assert_eq!(delete.send().await.unwrap().status(), 200);
    expect_end(sockets, &topic, "room_deleted").await;

    let soon = (Utc::now() + TimeDelta::seconds(6)).to_rfc3339();
    let body = json!({ "name": "short", "expires_at": soon });
    let short = body_of(ada.post("/api/rooms", &body).send().await.unwrap()).await;
    let topic = format!("realtime:room:{}", short["id"].as_str().unwrap());
    let sockets = pages(&app, &topic).await;
    expect_end(sockets, &topic, "room_expired").await;
}

#[testkit::on_both_databases]
async fn a_room_that_is_restored_does_not_replay_its_end() {
    let app = TestApp::spawn().await;
    let ada = app.counsellor().await;
    let room = ada.room().await.id;
    let topic = format!("realtime:room:{room}");
    let sockets = pages(&app, &topic).await;
    let close = ada.post(&format!("/api/rooms/{room}/close"), &json!({}));
    assert_eq!(close.send().await.unwrap().status(), 200);
    expect_end(sockets, &topic, "room_closed").await;
    let restore = ada.post(&format!("/api/rooms/{room}/restore"), &json!({}));
    assert_eq!(restore.send().await.unwrap().status(), 200);

    let replay = json!({ "config": { "broadcast": { "replay": { "limit": 25 } }, "presence": { "enabled": false } } });
    let mut page = Socket::second(&app).await;
    assert_eq!(page.join(&topic, &replay).await["status"], "ok");
    assert!(page.is_quiet().await, "the end of the room was replayed");
}
