//! Requests as bytes that no HTTP library would send.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::app::TestApp;

/// How long an answer may take.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Sends these bytes and returns all that the server sends until it closes the connection.
///
/// A server that refuses a body may close before all of it was sent; that is no error.
pub(crate) async fn send(app: &TestApp, request: impl Into<Vec<u8>>) -> String {
    String::from_utf8(send_bytes(app, request.into()).await).unwrap()
}

/// The same, for answers that may be no text.
pub(crate) async fn send_bytes(app: &TestApp, request: Vec<u8>) -> Vec<u8> {
    let address = app.address.trim_start_matches("http://").to_owned();
    let exchange = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(WAIT_MAX)).unwrap();
        let _ = stream.write_all(&request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    };
    spawn_blocking(exchange).await.unwrap()
}

/// A POST to the log-in with these header lines and this body; the connection ends with it.
pub(crate) fn login(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /api/auth/login HTTP/1.1\r\nhost: cardroom\r\nconnection: close\r\n\
         content-type: application/json\r\n{headers}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}
