//! Connections that are reset before they are accepted.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use serde_json::json;

use crate::app::{TestApp, body_of};

#[testkit::on_both_databases]
async fn a_request_on_a_reset_connection_bypasses_no_limit() {
    let app = TestApp::spawn_with(&[
        ("CARDROOM__RATES__ENABLED", "true"),
        ("CARDROOM__RATES__GENERAL", "1/hour burst 10"),
    ])
    .await;
    let token = app.token("demo.counselor@example.com").await;
    let body = json!({ "name": "Reset" }).to_string();
    let request = format!(
        "POST /api/rooms HTTP/1.1\r\nhost: cardroom\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len(),
    );
    let address = app.address.trim_start_matches("http://").to_owned();

    let resets: Vec<_> = (0..4)
        .map(|_| {
            let (address, request) = (address.clone(), request.clone());
            thread::spawn(move || {
                for _ in 0..150 {
                    let mut stream = TcpStream::connect(&address).unwrap();
                    // Closing resets the connection at once.
                    set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
                    let _ = stream.write_all(request.as_bytes());
                }
            })
        })
        .collect();
    for thread in resets {
        thread.join().unwrap();
    }
    tokio::time::sleep(Duration::from_millis(500)).await;

    let metrics = app.get("/metrics").send().await.unwrap().text().await.unwrap();
    let reset = r#"cardroom_connections_refused_total{reason="no_address"}"#;
    assert!(metrics.contains(reset), "no connection was reset before it was accepted");
    let elsewhere = TestApp::spawn_on(app.database.clone(), &[]).await;
    let rooms = elsewhere.get("/api/rooms").bearer_auth(token).send().await.unwrap();
    let rooms = body_of(rooms).await.as_array().unwrap().len();
    assert!(rooms < 10, "the log-in and {rooms} rooms are more than the limit allows");
}
