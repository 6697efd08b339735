//! More concurrent requests than there are slots.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use futures::future::join_all;
use reqwest::Response;
use serde_json::json;
use tokio::time::timeout;

use crate::app::{TestApp, ask, body_of};
use crate::behind::Behind;
use crate::client::Counsellor;

/// Eight at once, of which four may be saves.
const REQUESTS: (&str, &str) = ("CARDROOM__ADMISSION__REQUESTS", "8");

const SAVES: usize = 4;

/// Long enough for requests to reach the queue or the lock that they wait for.
const MOMENT: Duration = Duration::from_millis(300);

async fn save(counsellor: &Counsellor<'_>, room: &str, game: &str) -> Response {
    let path = format!("/api/rooms/{room}/gameplay-states/{game}");
    counsellor.put(&path, &json!({ "state": { "game": game } })).send().await.unwrap()
}

#[testkit::on_both_databases]
async fn a_flood_of_hanging_saves_is_bounded_and_blocks_no_other_requests() {
    let app = TestApp::spawn_with(&[REQUESTS, ("CARDROOM__ADMISSION__QUEUE", "6")]).await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await.id;

    let flood = join_all((0..20).map(|it| {
        let (counsellor, room) = (&counsellor, &room);
        async move { save(counsellor, room, &format!("game-{it}")).await }
    }));
    let mut flood = std::pin::pin!(flood);
    let behind = Behind::of(&app);
    let held = behind.while_writes_are_blocked("gameplay_states", async {
        assert!(timeout(MOMENT, &mut flood).await.is_err(), "nothing held the saves");
        assert_eq!(ask(app.get("/health")).await.0, 200);
        assert_eq!(counsellor.get("/api/auth/me").send().await.unwrap().status(), 200);
    });
    held.await;

    let mut refused = 0;
    for answer in flood.await {
        if answer.status() == 200 {
            continue;
        }
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "1");
        assert_eq!(body_of(answer).await["code"], "server_busy");
        refused += 1;
    }
    assert!((20 - SAVES - 6..20).contains(&refused), "{refused} of 20");
    assert_eq!(save(&counsellor, &room, "afterwards").await.status(), 200);
}

#[testkit::on_both_databases]
async fn requests_that_wait_for_their_bodies_take_no_slots() {
    let app = TestApp::spawn_with(&[REQUESTS]).await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await.id;
    let address = app.address.trim_start_matches("http://");
    let token = &counsellor.token;
    let head = format!(
        "PUT /api/rooms/{room}/gameplay-states/slow HTTP/1.1\r\nhost: cardroom\r\n\
         authorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n{{"
    );
    let slow: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    tokio::time::sleep(MOMENT).await;

    assert_eq!(save(&counsellor, &room, "quick").await.status(), 200);
    drop(slow);
}

#[testkit::on_both_databases]
async fn a_request_whose_client_has_gone_is_dropped_before_work_begins() {
    let wait = ("CARDROOM__ADMISSION__WAIT_MAX_MS", "60000");
    let app = TestApp::spawn_with(&[REQUESTS, wait]).await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await.id;

    let kept = join_all((0..SAVES).map(|_| save(&counsellor, &room, "kept")));
    let mut kept = std::pin::pin!(kept);
    let behind = Behind::of(&app);
    let held = behind.while_writes_are_blocked("gameplay_states", async {
        assert!(timeout(MOMENT, &mut kept).await.is_err(), "nothing held the saves");
        assert!(timeout(MOMENT, save(&counsellor, &room, "dropped")).await.is_err());
    });
    held.await;

    assert!(kept.await.iter().all(|it| it.status() == 200));
    // All requests that waited before this one have been served.
    assert_eq!(save(&counsellor, &room, "afterwards").await.status(), 200);
    let path = format!("/api/rooms/{room}/gameplay-states/dropped");
    assert_eq!(counsellor.get(&path).send().await.unwrap().status(), 404);
}
