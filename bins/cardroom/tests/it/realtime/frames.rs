//! Frames that are too large, or not valid.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio_tungstenite::tungstenite::Message;

use super::raw::{RawSocket, address, frame};
use super::socket::{Socket, binary};
use crate::app::TestApp;

const TOO_LARGE: &str = "PayloadTooLarge: the payload is larger than it may be";

async fn topic(app: &TestApp) -> String {
    format!("realtime:room:{}", app.counsellor().await.room().await.id)
}

fn with_ack(ack: bool) -> Value {
    json!({ "config": { "broadcast": { "ack": ack }, "presence": { "enabled": false } } })
}

#[testkit::on_both_databases]
async fn a_broadcast_that_is_too_large_is_refused_and_the_socket_stays() {
    let app = TestApp::spawn().await;
    let topic = topic(&app).await;
    for size in [262_200, 300_000, 3_000_000] {
        let body = json!({ "text": "x\"}]".repeat(size / 4) });
        for mut socket in [Socket::first(&app).await, Socket::second(&app).await] {
            socket.join(&topic, &with_ack(true)).await;
            let reference = socket.broadcast(&topic, "msg", &body).await;
            let answer = socket.reply(&reference).await;
            assert_eq!(answer["response"]["reason"], TOO_LARGE, "{size}");
            let small = socket.broadcast(&topic, "msg", &json!({})).await;
            assert_eq!(socket.reply(&small).await["status"], "ok");
        }
        let mut socket = Socket::second(&app).await;
        socket.join(&topic, &with_ack(true)).await;
        let body = vec![b' '; size];
        socket.send(binary(("", "77"), &topic, "msg", &body, false)).await;
        assert_eq!(socket.reply("77").await["response"]["reason"], TOO_LARGE, "{size}");
    }
}

#[testkit::on_both_databases]
async fn a_broadcast_that_is_too_large_is_dropped_where_no_answer_is_wanted() {
    let app = TestApp::spawn().await;
    let topic = topic(&app).await;
    let mut listener = Socket::first(&app).await;
    listener.enter(&topic).await;
    for mut socket in [Socket::first(&app).await, Socket::second(&app).await] {
        socket.join(&topic, &with_ack(false)).await;
        socket.broadcast(&topic, "large", &json!({ "text": "x".repeat(300_000) })).await;
        assert!(socket.is_quiet().await);
        socket.broadcast(&topic, "small", &json!({})).await;
        assert_eq!(listener.receive().await.payload["event"], "small");
    }
    // Other requests are always answered.
    let mut socket = Socket::first(&app).await;
    socket.join(&topic, &with_ack(false)).await;
    let answer = socket.track(&topic, &json!({ "text": "x".repeat(300_000) })).await;
    assert_eq!(answer["response"]["reason"], TOO_LARGE);
}

#[testkit::on_both_databases]
async fn a_frame_beyond_the_bound_closes_the_socket() {
    let app = TestApp::spawn_with(&[("CARDROOM__REALTIME__FRAME_BYTES", "500000")]).await;
    let mut socket = Socket::first(&app).await;
    socket.send(Message::text("x".repeat(499_000))).await;
    let beat = socket.send_event("phoenix", "heartbeat", &json!({})).await;
    assert_eq!(socket.reply(&beat).await["status"], "ok");
    socket.send(Message::text("x".repeat(500_001))).await;
    assert_eq!(socket.close_code().await, 1009);
}

#[testkit::on_both_databases]
async fn an_invalid_frame_closes_the_socket_with_the_code_of_its_fault() {
    let app = TestApp::spawn().await;
    let fragments = [frame(0x01, b""), frame(0x00, &vec![b'x'; 60_000]).repeat(100)].concat();
    for (bytes, code) in [
        (frame(0x81, &[b'"', 0xFF, b'"']), 1007),
        ([frame(0x01, &[0xC3]), frame(0x80, &[0x28])].concat(), 1007),
        (frame(0x88, &[3, 232, 0xFF]), 1007),
        (fragments, 1009),
        (frame(0x83, b""), 1002),
        (frame(0x80, b"a continuation of nothing"), 1002),
        (vec![0x81, 1, b'x'], 1002),
    ] {
        let address = address(&app);
        let read = spawn_blocking(move || {
            let mut socket = RawSocket::open(&address).unwrap();
            // The server may close the connection before all of it is written.
            let _ = socket.send(&bytes);
            socket.close_code()
        });
        assert_eq!(read.await.unwrap(), Some(code));
    }
}

#[testkit::on_both_databases]
async fn frames_sent_after_the_close_frame_do_not_prevent_its_delivery() {
    let app = TestApp::spawn().await;
    let address = address(&app);
    let code = spawn_blocking(move || {
        let mut socket = RawSocket::open(&address).unwrap();
        socket.send(&frame(0x83, b"")).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        let _ = socket.send(&frame(0x81, &vec![b'x'; 100_000]));
        std::thread::sleep(Duration::from_millis(300));
        socket.close_code()
    });
    assert_eq!(code.await.unwrap(), Some(1002));
}
