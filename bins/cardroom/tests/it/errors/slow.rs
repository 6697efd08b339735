//! Bodies that arrive slowly.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;

use crate::app::TestApp;

/// `limits.body_timeout_ms` is half a second here; without it these bodies would take a minute.
const TIMEOUT: (&str, &str) = ("CARDROOM__LIMITS__BODY_TIMEOUT_MS", "500");
const BODY: Duration = Duration::from_mins(1);

/// How long actix waits before it closes, and as much again for a busy machine.
const ENDED: Duration = Duration::from_secs(10);

/// Sends a head and then a body bit by bit until the connection ends. Returns all received bytes and the
/// elapsed time.
async fn dribble(app: &TestApp, head: String, bit: &'static [u8]) -> (String, Duration) {
    let address = app.address.trim_start_matches("http://").to_owned();
    let exchange = move || {
        let start = Instant::now();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
        while start.elapsed() < BODY {
            let sent = stream.write_all(bit);
            match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => answer.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock && sent.is_ok() => {}
                Err(_) => break,
            }
        }
        (String::from_utf8(answer).unwrap(), start.elapsed())
    };
    spawn_blocking(exchange).await.unwrap()
}

fn head(request: &str, length: &str) -> String {
    format!(
        "{request} HTTP/1.1\r\nhost: cardroom\r\ncontent-type: application/json\r\n{length}\r\n\r\n"
    )
}

const LENGTH: (&str, &[u8]) = ("content-length: 5000", b" ");
const CHUNKED: (&str, &[u8]) = ("transfer-encoding: chunked", b"1\r\n \r\n");

#[testkit::on_both_databases]
async fn a_slow_body_gets_a_408_in_shape_and_the_connection_ends() {
    let app = TestApp::spawn_with(&[TIMEOUT]).await;
    for (length, bit) in [LENGTH, CHUNKED] {
        let (answer, took) = dribble(&app, head("POST /api/auth/login", length), bit).await;

        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains(r#""code":"request_timeout""#), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        assert!((Duration::from_millis(500)..ENDED).contains(&took), "{length}: {took:?}");
    }
}

#[testkit::on_both_databases]
async fn a_body_that_is_not_read_is_not_waited_for() {
    let app = TestApp::spawn_with(&[TIMEOUT]).await;
    for (request, status) in [("GET /health", 200), ("POST /nowhere", 404), ("POST /health", 405)] {
        for (length, bit) in [LENGTH, CHUNKED] {
            let (answer, took) = dribble(&app, head(request, length), bit).await;

            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
            assert!(took < ENDED, "{request} {length}: {took:?}");
        }
    }
}

#[testkit::on_both_databases]
async fn a_body_that_pauses_and_arrives_in_time_is_read() {
    let app = TestApp::spawn().await;
    let body = r#"{"email":"demo.counselor@example.com","password":"demo123"}"#;
    let address = app.address.trim_start_matches("http://").to_owned();
    let exchange = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let length = format!("connection: close\r\ncontent-length: {}", body.len());
        stream.write_all(head("POST /api/auth/login", &length).as_bytes()).unwrap();
        let (first, second) = body.split_at(20);
        stream.write_all(first.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        stream.write_all(second.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = spawn_blocking(exchange).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
