//! More connections than there are slots.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::app::TestApp;

fn connect(app: &TestApp) -> TcpStream {
    let stream = TcpStream::connect(app.address.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream
}

/// Opens a connection and sends one request, whose answer is left unread.
fn open(app: &TestApp, path: &str) -> TcpStream {
    let mut stream = connect(app);
    // A connection that is refused may be closed before this is sent.
    let _ = write!(stream, "GET {path} HTTP/1.1\r\nhost: cardroom\r\n\r\n");
    stream
}

/// The first bytes of an answer; nothing when the connection was closed without one.
async fn status(mut stream: TcpStream) -> String {
    let read = move || {
        let mut buffer = [0; 12];
        match stream.read(&mut buffer) {
            Ok(read) => String::from_utf8_lossy(&buffer[..read]).into_owned(),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => String::new(),
            Err(error) => panic!("{error}"),
        }
    };
    spawn_blocking(read).await.unwrap()
}

#[tokio::test]
async fn one_address_has_no_more_connections_than_its_bound() {
    let app = TestApp::spawn_on(
        testkit::sqlite_database().await.unwrap(),
        &[("CARDROOM__SERVER__CONNECTIONS_PER_ADDRESS", "5")],
    )
    .await;
    let held: Vec<_> = (0..5).map(|_| open(&app, "/health")).collect();
    sleep(Duration::from_millis(300)).await;
    for _ in 0..3 {
        // The server answers without a request; one that is sent nevertheless may reset the connection first.
        assert_eq!(status(connect(&app)).await, "HTTP/1.1 429");
    }

    drop(held);
    sleep(Duration::from_millis(300)).await;

    assert_eq!(status(open(&app, "/health")).await, "HTTP/1.1 200");
}

#[tokio::test]
async fn idle_connections_are_closed_for_new_ones() {
    let app = TestApp::spawn_on(
        testkit::sqlite_database().await.unwrap(),
        &[("CARDROOM__SERVER__CONNECTIONS_MAX", "20"), ("CARDROOM__SERVER__WORKERS", "1")],
    )
    .await;
    let held: Vec<_> = (0..20).map(|_| open(&app, "/health")).collect();
    sleep(Duration::from_millis(1500)).await;

    for _ in 0..40 {
        assert_eq!(status(open(&app, "/api/game-rules")).await, "HTTP/1.1 200");
    }
    drop(held);
}

#[tokio::test]
async fn when_all_slots_are_taken_health_is_served_and_other_requests_are_refused() {
    let app = TestApp::spawn_on(
        testkit::sqlite_database().await.unwrap(),
        &[("CARDROOM__SERVER__CONNECTIONS_MAX", "4"), ("CARDROOM__SERVER__WORKERS", "1")],
    )
    .await;
    // Busy connections: their requests wait for bodies, and are not idle.
    let busy: Vec<_> = (0..4)
        .map(|_| {
            let mut stream = TcpStream::connect(app.address.trim_start_matches("http://")).unwrap();
            let head = "POST /api/auth/login HTTP/1.1\r\nhost: cardroom\r\n\
                        content-type: application/json\r\ncontent-length: 100\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    sleep(Duration::from_millis(1500)).await;

    for _ in 0..5 {
        assert_eq!(status(open(&app, "/health")).await, "HTTP/1.1 200");
        assert_eq!(status(open(&app, "/api/game-rules")).await, "HTTP/1.1 503");
    }
    drop(busy);
}
