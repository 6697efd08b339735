//! Clients that want to stop the service: floods, slow readers, resets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

use super::raw::{RawSocket, address, frame};
use super::socket::Socket;
use crate::app::TestApp;

/// Frames of one flood: several times what a socket may send.
const FLOOD_FRAMES: usize = 10_000;

/// How long the attack goes on.
const ATTACK: Duration = Duration::from_secs(3);

/// The slowest answer that is accepted beside an attack, on a busy machine. The service stood still for
/// as long as the attack went on.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Frames that cost the server something, by name.
fn floods() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let text = |text: &str| frame(0x81, text.as_bytes());
    let once = |name, frame: Vec<u8>| (name, Vec::new(), frame);
    vec![
        once("empty texts", text("")),
        once("texts that are no message", text("x")),
        once("binary messages that are none", frame(0x82, &[9, 9])),
        once("pings", frame(0x89, b"")),
        once("pongs", frame(0x8A, b"")),
        once(
            "heartbeats",
            text(r#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}"#),
        ),
        once(
            "leaves",
            text(r#"{"topic":"realtime:x","event":"phx_leave","payload":{},"ref":"1"}"#),
        ),
        once("joins", text(r#"{"topic":"realtime:x","event":"phx_join","payload":{},"ref":"1"}"#)),
        once(
            "broadcasts",
            text(r#"{"topic":"realtime:x","event":"broadcast","payload":{},"ref":"1"}"#),
        ),
        ("empty fragments", frame(0x01, b""), frame(0x00, b"")),
    ]
}

#[testkit::on_both_databases]
async fn a_flood_of_frames_of_any_kind_closes_its_socket() {
    let app = TestApp::spawn().await;
    for (name, first, repeated) in floods() {
        let address = address(&app);
        let code = spawn_blocking(move || {
            let mut socket = RawSocket::open(&address).unwrap();
            socket.send(&first).unwrap();
            // The server may close the connection before all of it is written.
            let _ = socket.send(&repeated.repeat(FLOOD_FRAMES));
            socket.close_code()
        });
        assert_eq!(code.await.unwrap(), Some(1008), "{name}");
    }
}

/// Floods the server from one connection after another.
fn flood(app: &TestApp, repeated: Vec<u8>, is_over: Arc<AtomicBool>) -> JoinHandle<usize> {
    let address = address(app);
    spawn_blocking(move || {
        let batch = repeated.repeat(1000);
        let mut sent = 0;
        while !is_over.load(Ordering::Relaxed) {
            let Ok(mut socket) = RawSocket::open(&address) else { continue };
            while !is_over.load(Ordering::Relaxed) && socket.send(&batch).is_ok() {
                sent += batch.len();
            }
        }
        sent
    })
}

/// Opens connections and resets them, with a message under way.
fn reset(app: &TestApp, is_over: Arc<AtomicBool>) -> JoinHandle<usize> {
    let address = address(app);
    spawn_blocking(move || {
        let mut resets = 0;
        while !is_over.load(Ordering::Relaxed) {
            if let Ok(mut socket) = RawSocket::open(&address) {
                let _ = socket.send(&frame(0x81, &[b'x'; 10_000])[..5000]);
                socket.reset();
                resets += 1;
            }
        }
        resets
    })
}

/// Joins the room and reads nothing.
async fn slow_readers(app: &TestApp, topic: &str) -> Vec<Socket> {
    let mut readers = Vec::new();
    for _ in 0..5 {
        let mut socket = Socket::second(app).await;
        socket.enter(topic).await;
        readers.push(socket);
    }
    readers
}

#[testkit::on_both_databases]
async fn health_and_other_rooms_are_served_beside_floods_resets_and_slow_readers() {
    let app = TestApp::spawn().await;
    let ada = app.counsellor().await;
    let attacked = format!("realtime:room:{}", ada.room().await.id);
    let other = format!("realtime:room:{}", ada.room().await.id);
    let (mut sender, mut listener) = (Socket::first(&app).await, Socket::second(&app).await);
    sender.enter(&other).await;
    listener.enter(&other).await;
    let _readers = slow_readers(&app, &attacked).await;
    let mut loud = Socket::second(&app).await;
    loud.enter(&attacked).await;

    let is_over = Arc::new(AtomicBool::new(false));
    let attackers = [
        flood(&app, frame(0x81, b""), is_over.clone()),
        flood(&app, frame(0x8A, b"x"), is_over.clone()),
        reset(&app, is_over.clone()),
    ];
    let (start, mut answers, mut slowest) = (Instant::now(), 0, Duration::ZERO);
    while start.elapsed() < ATTACK {
        let asked = Instant::now();
        let health = timeout(10 * ANSWER_MAX, app.get("/health").send()).await.expect("an answer");
        assert_eq!(health.unwrap().status(), 200);
        slowest = slowest.max(asked.elapsed());
        loud.broadcast(&attacked, "msg", &json!({ "text": "x".repeat(60_000) })).await;
        sender.broadcast(&other, "msg", &json!({ "n": answers })).await;
        assert_eq!(listener.receive_event("broadcast").await.payload["payload"]["n"], answers);
        answers += 1;
        sleep(Duration::from_millis(30)).await;
    }
    is_over.store(true, Ordering::Relaxed);
    for attacker in attackers {
        assert!(attacker.await.unwrap() > 0, "nothing attacked");
    }
    assert!(slowest < ANSWER_MAX, "{slowest:?}, {answers} answers");
    assert!(answers > 10, "{answers} answers in {ATTACK:?}");
}
