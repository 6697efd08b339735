//! A room has to exist and be open.

use chrono::{TimeDelta, Utc};
use serde_json::json;

use super::{BY_TOKEN, reason, visitor_token, with_token};
use crate::app::{TestApp, body_of};
use crate::realtime::socket::Socket;

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
        let soon = (Utc::now() + TimeDelta::seconds(2)).to_rfc3339();
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
