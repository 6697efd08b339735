//! Messages and frames of websockets: whatever arrives, the server closes with a reason of the client's
//! and others go on talking.

use std::time::Duration;

use rand::Rng as _;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Inputs, filled};
use crate::app::TestApp;
use crate::realtime::socket::Socket;

/// How long the server is listened to after a message.
const LISTENED: Duration = Duration::from_millis(5);

/// Messages on one socket, unless the server closes it.
const AT_ONCE: usize = 20;

/// A close frame whose code says that the server failed.
const INTERNAL_ERROR: [u8; 2] = 1011_u16.to_be_bytes();

#[testkit::on_both_databases]
async fn no_frame_makes_the_server_fail() {
    let app = TestApp::spawn_with(&[("CARDROOM__REALTIME__ADMISSION", "room-id")]).await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let mut inputs = Inputs::of("websocket");
    loop {
        let mut stream = shaken_hands(&app).await;
        for _ in 0..AT_ONCE {
            let Some(input) = inputs.next() else { return };
            let names = [("{TOKEN}", counsellor.token.as_str()), ("{ROOM}", &room.id)];
            let frame = frame(&filled(&input, &names), &mut inputs);
            if stream.write_all(&frame).await.is_err() {
                break;
            }
            let mut heard = vec![0; 65_536];
            match timeout(LISTENED, stream.read(&mut heard)).await {
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(length)) if closes_with_internal_error(&heard[..length]) => {
                    inputs.fail(&input, "closed with 1011");
                }
                Ok(Ok(_)) | Err(_) => {}
            }
        }
        drop(stream);
        if inputs.count.is_multiple_of(1_000) {
            others_talk(&app, &room.id).await;
        }
    }
}

/// The message as a masked frame, or now and then with a header that says something else.
fn frame(message: &[u8], inputs: &mut Inputs) -> Vec<u8> {
    let first = if inputs.random.random_ratio(1, 8) { inputs.random.random() } else { 0x81 };
    let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
    let mut frame = vec![first, 0x80 | 0x7e];
    frame.extend(length.to_be_bytes());
    // A mask of zeros leaves the message as it is.
    frame.extend([0; 4]);
    frame.extend(message);
    frame
}

fn closes_with_internal_error(heard: &[u8]) -> bool {
    heard.windows(4).any(|it| it[0] == 0x88 && it[1] >= 2 && it[2..] == INTERNAL_ERROR)
}

async fn shaken_hands(app: &TestApp) -> TcpStream {
    let address = app.address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /realtime/v1/websocket?apikey=anon&vsn=1.0.0 HTTP/1.1\r\nhost: {address}\r\n\
         upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 1_024];
    let length = stream.read(&mut answer).await.unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 101"), "{}", answer.escape_ascii());
    stream
}

/// Whether somebody in another channel still hears what is said there.
async fn others_talk(app: &TestApp, room: &str) {
    let topic = format!("realtime:room:{room}:quiet");
    let (mut one, mut other) = (Socket::first(app).await, Socket::first(app).await);
    one.enter(&topic).await;
    other.enter(&topic).await;
    one.broadcast(&topic, "moved", &json!({ "n": 1 })).await;
    assert_eq!(other.hear_of("broadcast").await.payload["event"], "moved");
}
