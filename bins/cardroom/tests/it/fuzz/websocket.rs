//! Messages and frames of websockets: a socket that sends them is served until the server closes it with a
//! close frame, never with the code of a fault, and other clients still exchange messages.

use std::time::Duration;

use rand::Rng as _;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Inputs, filled};
use crate::app::TestApp;
use crate::realtime::socket::Socket;

/// How long to read from the server after a message.
const LISTENED: Duration = Duration::from_millis(5);

/// How long an answer may take on a busy machine.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// Messages on one socket, unless the server closes it: below the rate limit.
const AT_ONCE: usize = 20;

/// Sockets after which two ordinary clients have to exchange messages.
const SOCKETS_PER_CHECK: u64 = 50;

/// The close code of an internal error of the server.
const INTERNAL_ERROR: u16 = 1011;

/// The payload of the ping that has to be answered.
const PING: &[u8] = b"alive?";

#[testkit::on_both_databases]
async fn no_frame_makes_the_server_fail() {
    let app = TestApp::spawn_with(&[
        ("CARDROOM__REALTIME__ADMISSION", "room-id"),
        // The joins of all sockets count together.
        ("CARDROOM__REALTIME__SOCKETS_PER_ADDRESS", "100000"),
    ])
    .await;
    let counsellor = app.counsellor().await;
    let (fuzzed, ordinary) = (counsellor.room().await.id, counsellor.room().await.id);
    let names = [("{TOKEN}", counsellor.token.as_str()), ("{ROOM}", &fuzzed)];
    let mut inputs = Inputs::of("websocket");
    for sockets in 1_u64.. {
        let mut socket = FuzzedSocket::open(&app).await;
        let mut is_over = false;
        for _ in 0..AT_ONCE {
            let Some(input) = inputs.next() else {
                is_over = true;
                break;
            };
            let frame = frame(&filled(&input, &names), &mut inputs);
            if !socket.send(&frame).await {
                break;
            }
        }
        if let Err(fault) = socket.check().await {
            inputs.fail(&socket.sent, fault);
        }
        drop(socket);
        if is_over || sockets.is_multiple_of(SOCKETS_PER_CHECK) {
            check_ordinary_clients(&app, &ordinary).await;
        }
        if is_over {
            return;
        }
    }
}

/// The message as a masked frame, sometimes with a header that does not match it.
fn frame(message: &[u8], inputs: &mut Inputs) -> Vec<u8> {
    let first = if inputs.random.random_ratio(1, 8) { inputs.random.random() } else { 0x81 };
    // A longer message would be followed by bytes that are no frame.
    let message = &message[..message.len().min(usize::from(u16::MAX))];
    let mut frame = vec![first, 0x80 | 0x7e];
    frame.extend(u16::try_from(message.len()).unwrap().to_be_bytes());
    // A mask of zeros leaves the message as it is.
    frame.extend([0; 4]);
    frame.extend(message);
    frame
}

/// A socket that sends fuzzed frames.
struct FuzzedSocket {
    stream: TcpStream,
    /// All frames that were sent.
    sent: Vec<u8>,
    /// Bytes of the server that are not parsed as frames yet.
    received: Vec<u8>,
    close_code: Option<u16>,
    is_alive: bool,
}

impl FuzzedSocket {
    async fn open(app: &TestApp) -> Self {
        let address = app.address.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET /realtime/v1/websocket?apikey=anon&vsn=1.0.0 HTTP/1.1\r\nhost: {address}\r\n\
             upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", head.escape_ascii());
        let (sent, received) = (Vec::new(), Vec::new());
        Self { stream, sent, received, close_code: None, is_alive: false }
    }

    /// Sends a frame and reads for a moment. Returns whether the socket is still open.
    async fn send(&mut self, frame: &[u8]) -> bool {
        self.sent.extend(frame);
        self.stream.write_all(frame).await.is_ok()
            && timeout(LISTENED, self.receive()).await.unwrap_or(true)
            && self.close_code.is_none()
    }

    /// Checks that the socket answers a ping, or that the server has closed it with a reason.
    async fn check(&mut self) -> Result<(), String> {
        let ping = [&[0x89, 0x80 | u8::try_from(PING.len()).unwrap(), 0, 0, 0, 0], PING].concat();
        // The server may have closed the connection: then its close frame is read.
        let _ = self.stream.write_all(&ping).await;
        let answered =
            async { while !self.is_alive && self.close_code.is_none() && self.receive().await {} };
        let answered = timeout(WAIT_MAX, answered).await;
        match self.close_code {
            Some(INTERNAL_ERROR) => Err("closed with 1011".into()),
            Some(_) => Ok(()),
            None if self.is_alive => Ok(()),
            None if answered.is_ok() => Err("ended without a close frame".into()),
            None => Err("a ping is not answered".into()),
        }
    }

    /// Reads bytes of the server. Returns whether there were any before the end.
    async fn receive(&mut self) -> bool {
        let length = self.stream.read_buf(&mut self.received).await.unwrap_or(0);
        while let Some((first, payload)) = take_frame(&mut self.received) {
            self.is_alive |= first == 0x8A && payload == PING;
            if first == 0x88 {
                let code = payload.first_chunk().map_or(0, |it| u16::from_be_bytes(*it));
                self.close_code = Some(code);
            }
        }
        length > 0
    }
}

/// The first byte and the payload of the next whole frame of the server.
fn take_frame(bytes: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    let (first, short) = (*bytes.first()?, *bytes.get(1)?);
    let (head, length) = match short {
        126 => (4, u64::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?))),
        127 => (10, u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)),
        length => (2, length.into()),
    };
    let end = head + usize::try_from(length).unwrap();
    let payload = bytes.get(head..end)?.to_vec();
    bytes.drain(..end);
    Some((first, payload))
}

/// Checks that two clients in another room exchange messages.
async fn check_ordinary_clients(app: &TestApp, room: &str) {
    let topic = format!("realtime:room:{room}");
    let (mut one, mut other) = (Socket::first(app).await, Socket::second(app).await);
    one.enter(&topic).await;
    other.enter(&topic).await;
    one.broadcast(&topic, "moved", &json!({ "n": 1 })).await;
    assert_eq!(other.receive_event("broadcast").await.payload["event"], "moved");
    other.broadcast(&topic, "placed", &json!({ "n": 2 })).await;
    assert_eq!(one.receive_event("broadcast").await.payload["event"], "placed");
}
