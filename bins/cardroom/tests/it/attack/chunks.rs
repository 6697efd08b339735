//! Bodies that are larger on the wire than their content, and requests that may not have a body.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::app::TestApp;
use crate::raw::send;

/// Most bytes of chunk extensions that are sent.
const SENT_MAX: usize = 256 << 20;

#[tokio::test]
async fn chunk_extensions_are_bounded() {
    let app = TestApp::spawn_on(testkit::sqlite_database().await.unwrap(), &[]).await;
    for head in [
        "POST /api/auth/login HTTP/1.1\r\nhost: cardroom\r\ncontent-type: application/json\r\n",
        "POST /nowhere HTTP/1.1\r\nhost: cardroom\r\n",
        "GET /health HTTP/1.1\r\nhost: cardroom\r\n",
        // CORS answers a preflight before any route.
        "OPTIONS /api/rooms HTTP/1.1\r\nhost: cardroom\r\norigin: http://localhost:3000\r\n\
         access-control-request-method: PUT\r\n",
    ] {
        // Twice what the server reads, and the buffers of the sockets on both sides.
        let sent = sent(&app, head).await;
        assert!(sent < 32 << 20, "{head}: {sent}");
    }
}

/// Bytes of a chunk extension that the server reads after this head.
async fn sent(app: &TestApp, head: &'static str) -> usize {
    let address = app.address.trim_start_matches("http://").to_owned();
    let sending = spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
        let head = format!("{head}transfer-encoding: chunked\r\n\r\n1;");
        stream.write_all(head.as_bytes()).unwrap();
        let extension = vec![b'x'; 1 << 20];
        let mut sent = 0;
        while sent < SENT_MAX && stream.write_all(&extension).is_ok() {
            sent += extension.len();
        }
        let _ = stream.read(&mut [0; 1024]);
        sent
    });
    sending.await.unwrap()
}

#[tokio::test]
async fn a_body_that_a_request_may_not_have_is_refused_at_once() {
    let app = TestApp::spawn_on(testkit::sqlite_database().await.unwrap(), &[]).await;
    for (request, expected) in [
        ("CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n", "405"),
        ("CONNECT / HTTP/1.1\r\nhost: cardroom\r\ncontent-length: 5\r\n\r\n", "405"),
        (
            "POST /api/auth/login HTTP/1.1\r\nhost: cardroom\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n{}   ",
            "400",
        ),
        (
            "GET /realtime/v1/websocket HTTP/1.1\r\nhost: cardroom\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\ntransfer-encoding: chunked\r\n\r\n",
            "400",
        ),
    ] {
        let start = std::time::Instant::now();
        let answer = send(&app, request).await;
        let status = answer.get(9..12).unwrap_or_default();
        assert_eq!(status, expected, "{request}: {answer}");
        assert!(start.elapsed() < Duration::from_secs(5), "{request}");
    }
}
