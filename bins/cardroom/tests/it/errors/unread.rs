//! Clients that send requests and do not read the answers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::app::TestApp;

/// Far more answers than the kernel buffers for a client.
const REQUESTS: usize = 400;

const REQUEST: &str = "GET /api/openapi.json HTTP/1.1\r\nhost: cardroom\r\n\r\n";

/// Sends many requests, reads nothing for a while, and then returns the number of bytes received.
async fn ask_and_read_late(app: &TestApp, pause: Duration) -> usize {
    let address = app.address.trim_start_matches("http://").to_owned();
    let exchange = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
        let _ = stream.write_all(REQUEST.repeat(REQUESTS).as_bytes());
        sleep(pause);
        let (mut bytes, mut buffer) = (0, vec![0; 1 << 16]);
        while let Ok(read) = stream.read(&mut buffer)
            && read > 0
        {
            bytes += read;
        }
        bytes
    };
    spawn_blocking(exchange).await.unwrap()
}

#[testkit::on_both_databases]
async fn a_client_that_reads_nothing_for_too_long_is_disconnected() {
    let app = TestApp::spawn_with(&[
        ("CARDROOM__SERVER__UNREAD_TIMEOUT_MS", "1000"),
        ("CARDROOM__SERVER__DOCS", "true"),
    ])
    .await;
    let one = app.get("/api/openapi.json").send().await.unwrap().bytes().await.unwrap().len();

    let whole = ask_and_read_late(&app, Duration::ZERO).await;
    let cut = ask_and_read_late(&app, Duration::from_secs(6)).await;

    assert!(whole > one * REQUESTS, "{whole} bytes of {REQUESTS} answers of {one}");
    assert!(cut < one * REQUESTS, "{cut} bytes of {REQUESTS} answers of {one}");
}
