//! Messages of the server itself: announcements of saves, and the close at its shutdown.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;

use super::socket::Socket;
use crate::app::TestApp;

#[testkit::on_both_databases]
async fn saves_are_announced_in_the_order_of_their_commits() {
    const SAVES: usize = 40;
    let app = TestApp::spawn().await;
    let ada = app.counsellor().await;
    let room = ada.room().await.id;
    let mut socket = Socket::second(&app).await;
    socket.enter(&format!("realtime:room:{room}")).await;
    socket.enter(&format!("realtime:realtime:room:{room}:gamemode")).await;
    let path = format!("/api/rooms/{room}/gameplay-states/value_ranking");
    let saves = (0..SAVES).map(|n| ada.put(&path, &json!({ "state": { "n": n } })).send());
    for answer in join_all(saves).await {
        assert_eq!(answer.unwrap().status(), 200);
    }
    for version in 1..=SAVES {
        let received = socket.receive_event("broadcast").await;
        assert_eq!(received.topic, format!("realtime:room:{room}"));
        assert_eq!(
            (&received.payload["event"], &received.payload["meta"]["role"]),
            (&json!("state_saved"), &json!("server"))
        );
        let state = &received.payload["payload"];
        assert_eq!((&state["version"], &state["saved_by"]), (&json!(version), &json!("owner")));
        assert_eq!(state["gameplay_id"], "value_ranking");
    }
    assert!(socket.is_quiet().await);
}

#[testkit::on_both_databases]
async fn every_socket_is_closed_with_1012_when_the_server_drains() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await.id;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        let mut socket = Socket::first(&app).await;
        socket.enter(&format!("realtime:room:{room}")).await;
        sockets.push(socket);
    }
    app.lifecycle.drain();
    let codes = join_all(sockets.iter_mut().map(Socket::close_code)).await;
    assert_eq!(codes, [1012; 10]);
    assert!(Socket::open(&app, "apikey=anon").await.is_err());
}

#[testkit::on_both_databases]
async fn a_socket_outlives_the_body_timeout() {
    let app = TestApp::spawn_with(&[("CARDROOM__LIMITS__BODY_TIMEOUT_MS", "200")]).await;
    let mut socket = Socket::first(&app).await;
    tokio::time::sleep(Duration::from_millis(800)).await;
    let beat = socket.send_event("phoenix", "heartbeat", &json!({})).await;
    assert_eq!(socket.reply(&beat).await["status"], "ok");
    let metrics = app.get("/metrics").send().await.unwrap().text().await.unwrap();
    for figure in ["cardroom_realtime_sockets ", "cardroom_realtime_messages_received_total "] {
        assert!(metrics.lines().any(|line| line.starts_with(figure)), "{figure}");
    }
}
