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
        assert!(state["saved_at"].as_str().unwrap().ends_with('Z'), "{state}");
    }
    assert!(socket.is_quiet().await);
}

#[testkit::on_both_databases]
async fn a_deletion_of_a_state_is_announced_where_saves_are() {
    let app = TestApp::spawn().await;
    let ada = app.counsellor().await;
    let room = ada.room().await.id;
    let topic = format!("realtime:room:{room}");
    let (mut first, mut second) = (Socket::first(&app).await, Socket::second(&app).await);
    for socket in [&mut first, &mut second] {
        socket.enter(&topic).await;
    }
    let path = format!("/api/rooms/{room}/gameplay-states/value_ranking");
    for condition in [None, Some("*")] {
        for n in 1..=2 {
            let saved = ada.put(&path, &json!({ "state": { "n": n } })).send().await.unwrap();
            assert_eq!(saved.status(), 200);
        }
        let delete = || match condition {
            Some(tag) => ada.request("DELETE", &path).header("if-match", tag),
            None => ada.request("DELETE", &path),
        };
        assert_eq!(delete().send().await.unwrap().status(), 200);
        // What deletes nothing is not announced.
        assert_eq!(delete().send().await.unwrap().status(), 404);
        for socket in [&mut first, &mut second] {
            for event in ["state_saved", "state_saved", "state_deleted"] {
                let received = socket.receive_event("broadcast").await;
                assert_eq!(
                    (received.topic.as_str(), &received.payload["event"]),
                    (&*topic, &json!(event))
                );
                assert_eq!(received.payload["meta"]["role"], "server");
                let payload = &received.payload["payload"];
                if event == "state_deleted" {
                    assert_eq!(payload["gameplay_id"], "value_ranking");
                    assert_eq!(payload["version"], 2);
                    assert!(payload["deleted_at"].as_str().unwrap().ends_with('Z'), "{payload}");
                }
            }
            assert!(socket.is_quiet().await);
        }
    }
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
