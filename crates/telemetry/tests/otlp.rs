//! Traces arrive at a collector. The only test of its process: logging is started once in each.
#![cfg(feature = "otlp")]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use settings::{Log, LogFormat};

/// Accepts one batch, and returns its head and body.
fn collector() -> (String, mpsc::Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (sender, batches) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        let (head, length) = loop {
            let read = stream.read(&mut buffer).unwrap();
            bytes.extend_from_slice(&buffer[..read]);
            if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
                let head = String::from_utf8(bytes.drain(..end + 4).collect()).unwrap();
                let lower = head.to_lowercase();
                let length = lower.split("content-length: ").nth(1).unwrap();
                let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
                break (head, length);
            }
        };
        while bytes.len() < length {
            let read = stream.read(&mut buffer).unwrap();
            bytes.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        sender.send((head, bytes)).unwrap();
    });
    (endpoint, batches)
}

#[test]
fn a_span_arrives_at_the_collector_at_the_latest_at_the_end() {
    let (endpoint, batches) = collector();
    let format = LogFormat::Json;
    telemetry::start(&Log { format, filter: "info".into(), otlp_endpoint: Some(endpoint) })
        .unwrap();

    tracing::info_span!("request", request_id = "request-17").in_scope(|| tracing::info!("done"));
    telemetry::finish();

    let (head, body) = batches.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
    for words in ["cardroom", "request", "request-17", "done"] {
        let found = body.windows(words.len()).any(|it| it == words.as_bytes());
        assert!(found, "{words} is not in the batch");
    }
}
