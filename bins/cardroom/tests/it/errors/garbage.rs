//! Bytes that are not HTTP are refused, and their connections are closed.

use std::time::{Duration, Instant};

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::app::TestApp;
use crate::raw;

/// The start of a TLS handshake, as a client sends that expects HTTPS.
const CLIENT_HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

/// How long a connection may stay open without further bytes.
const ENDED: Duration = Duration::from_secs(15);

fn garbage() -> Vec<Vec<u8>> {
    let mut random = StdRng::seed_from_u64(4);
    let noise = |random: &mut StdRng, length| (0..length).map(|_| random.random()).collect();
    let mut all: Vec<Vec<u8>> = (0..60).map(|n| noise(&mut random, 1 + n * n * 10)).collect();
    all.extend([
        CLIENT_HELLO.to_vec(),
        b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
        b"\0".repeat(1000),
        b"\r\n".repeat(1000),
        b"GET".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"GET /\0 HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nhost\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0".to_vec(),
    ]);
    all
}

#[testkit::on_both_databases]
async fn garbage_is_refused_and_its_connections_end() {
    let app = TestApp::spawn_with(&[("CARDROOM__SERVER__REQUEST_HEAD_TIMEOUT_MS", "1000")]).await;
    let start = Instant::now();

    let answers = join_all(garbage().into_iter().map(|bytes| raw::send_bytes(&app, bytes))).await;

    assert!(start.elapsed() < ENDED, "{:?}", start.elapsed());
    for answer in answers {
        let is_refusal = answer.is_empty() || answer.starts_with(b"HTTP/1.1 4");
        assert!(is_refusal, "{}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(app.get("/health").send().await.unwrap().status(), 200);
}
