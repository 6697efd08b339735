//! Topics of rooms that are not in the database, for load scripts of the earlier backend.

use serde_json::json;

use super::socket::Socket;
use crate::app::{TestApp, ask};

const TOPIC: &str = "realtime:room:test-room-1732942000";

#[testkit::on_both_databases]
async fn unregistered_rooms_have_channels_where_the_settings_allow_them() {
    let app = TestApp::spawn_with(&[("CARDROOM__REALTIME__CHANNELS_PER_ROOM", "2")]).await;
    let (mut one, mut two) = (Socket::first(&app).await, Socket::second(&app).await);
    one.enter(TOPIC).await;
    two.enter(TOPIC).await;
    one.broadcast(TOPIC, "msg", &json!({ "n": 1 })).await;
    assert_eq!(two.receive().await.payload["payload"]["n"], 1);
    let path = "/realtime/v1/api/broadcast/room:test-room-1732942000/events/e?apikey=anon";
    assert_eq!(app.post(path, &json!({})).send().await.unwrap().status(), 202);
    assert_eq!(two.receive().await.payload["event"], "e");
    // The limits of a room apply; other names are other rooms.
    one.enter(&format!("{TOPIC}:a")).await;
    let refused = one.join(&format!("{TOPIC}:b"), &json!({})).await;
    assert!(refused["response"]["reason"].as_str().unwrap().starts_with("RoomFull"));
    one.enter("realtime:room:test-room-2").await;
    // They are not closed as rooms that have ended.
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    one.broadcast(TOPIC, "msg", &json!({ "n": 2 })).await;
    assert_eq!(two.receive().await.payload["payload"]["n"], 2);
}

#[testkit::on_both_databases]
async fn unregistered_rooms_are_refused_elsewhere() {
    let app = TestApp::spawn_with(&[("CARDROOM__REALTIME__UNREGISTERED_ROOMS", "false")]).await;
    let mut socket = Socket::first(&app).await;
    let refused = socket.join(TOPIC, &json!({})).await;
    assert!(refused["response"]["reason"].as_str().unwrap().starts_with("unmatched topic"));
    let path = "/realtime/v1/api/broadcast/room:test-room-1732942000/events/e?apikey=anon";
    assert_eq!(ask(app.post(path, &json!({}))).await.0, 422);
}
