//! Requests as bytes: no answer is a 500, and the server keeps serving.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Inputs, filled};
use crate::app::TestApp;

/// Longer than any limit of the test profile lets an answer take.
const ANSWERED: Duration = Duration::from_secs(30);

/// Requests with one log-in and one room; a mutated request may end either.
const AT_ONCE: usize = 200;

#[testkit::on_both_databases]
async fn no_request_is_answered_with_a_500() {
    let app = TestApp::spawn().await;
    let mut inputs = Inputs::of("http");
    loop {
        let counsellor = app.counsellor().await;
        let room = counsellor.room().await;
        let names =
            [("{TOKEN}", counsellor.token.as_str()), ("{ROOM}", &room.id), ("{CODE}", &room.code)];
        for _ in 0..AT_ONCE {
            let Some(input) = inputs.next() else { return };
            let input = filled(&input, &names);
            let answer = exchange(&app, &input).await;
            if answer.windows(12).any(|bytes| bytes == b"HTTP/1.1 500") {
                inputs.fail(&input, String::from_utf8_lossy(&answer));
            }
        }
        assert_eq!(app.get("/health").send().await.unwrap().status(), 200);
    }
}

/// All that the server answers to these bytes, after which nothing more is sent.
async fn exchange(app: &TestApp, request: &[u8]) -> Vec<u8> {
    let address = app.address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    // A server that refuses may close before everything was sent.
    let _ = stream.write_all(request).await;
    let _ = stream.shutdown().await;
    let _ = timeout(ANSWERED, stream.read_to_end(&mut answer)).await.expect("an end in time");
    answer
}
