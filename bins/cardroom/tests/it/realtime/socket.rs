//! A client that builds and parses the messages of the protocol itself.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::app::TestApp;

/// How long anything may take on a busy machine.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// Long enough for something to arrive that should not.
pub(super) const MOMENT: Duration = Duration::from_millis(300);

/// An open socket.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    is_first_version: bool,
    refs: u32,
}

/// A message from the server, in either version.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Received {
    pub(super) topic: String,
    pub(super) event: String,
    pub(crate) payload: Value,
    pub(super) reference: Value,
    /// The payload of a binary broadcast.
    pub(super) bytes: Vec<u8>,
}

/// The address of the socket of a server.
pub(super) fn address(server: &str, query: &str) -> String {
    format!("{}/realtime/v1/websocket?{query}", server.replace("http://", "ws://"))
}

impl Socket {
    /// A socket of version 1.0.0.
    pub(crate) async fn first(app: &TestApp) -> Self {
        Self::open(app, "apikey=anon&vsn=1.0.0").await.unwrap()
    }

    /// A socket of version 2.0.0.
    pub(crate) async fn second(app: &TestApp) -> Self {
        Self::open(app, "apikey=anon&vsn=2.0.0").await.unwrap()
    }

    pub(super) async fn open(app: &TestApp, query: &str) -> Result<Self, Error> {
        Self::connect(&app.address, query).await
    }

    /// A socket to the server with this address.
    pub(super) async fn connect(server: &str, query: &str) -> Result<Self, Error> {
        let (stream, _) =
            timeout(WAIT_MAX, connect_async(address(server, query))).await.unwrap()?;
        Ok(Self { stream, is_first_version: !query.contains("vsn=2"), refs: 0 })
    }

    /// Sends an event and returns its reference.
    pub(super) async fn send_event(&mut self, topic: &str, event: &str, payload: &Value) -> String {
        self.refs += 1;
        let reference = self.refs.to_string();
        self.send_event_as((Value::Null, json!(reference)), topic, event, payload).await;
        reference
    }

    pub(super) async fn send_event_as(
        &mut self,
        refs: (Value, Value),
        topic: &str,
        event: &str,
        payload: &Value,
    ) {
        self.send(self.message(refs, topic, event, payload)).await;
    }

    /// A message of a client, in the version of this socket.
    pub(super) fn message(
        &self,
        (join_ref, reference): (Value, Value),
        topic: &str,
        event: &str,
        payload: &Value,
    ) -> Message {
        let message = if self.is_first_version {
            json!({ "topic": topic, "event": event, "payload": payload, "ref": reference, "join_ref": join_ref })
        } else {
            json!([join_ref, reference, topic, event, payload])
        };
        Message::text(message.to_string())
    }

    /// Sends messages with one write, so that the server reads them together.
    pub(super) async fn send_together(&mut self, messages: impl IntoIterator<Item = Message>) {
        for message in messages {
            self.stream.feed(message).await.unwrap();
        }
        self.stream.flush().await.unwrap();
    }

    pub(super) async fn send(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// Sends a broadcast and returns its reference.
    pub(crate) async fn broadcast(&mut self, topic: &str, event: &str, payload: &Value) -> String {
        let payload = json!({ "type": "broadcast", "event": event, "payload": payload });
        self.send_event(topic, "broadcast", &payload).await
    }

    /// Tracks a presence and returns the payload of the answer.
    pub(super) async fn track(&mut self, topic: &str, payload: &Value) -> Value {
        let payload = json!({ "type": "presence", "event": "track", "payload": payload });
        let reference = self.send_event(topic, "presence", &payload).await;
        self.reply(&reference).await
    }

    /// Joins a channel and returns the payload of the answer.
    pub(super) async fn join(&mut self, topic: &str, payload: &Value) -> Value {
        let reference = self.send_event(topic, "phx_join", payload).await;
        self.reply(&reference).await
    }

    /// Joins a channel, which has to succeed, without presence.
    pub(crate) async fn enter(&mut self, topic: &str) {
        let config = json!({ "config": { "presence": { "enabled": false } } });
        let answer = self.join(topic, &config).await;
        assert_eq!(answer["status"], "ok", "{answer}");
    }

    /// The answer to the message with this reference; earlier messages are skipped.
    pub(super) async fn reply(&mut self, reference: &str) -> Value {
        loop {
            let received = self.receive().await;
            if received.event == "phx_reply" && received.reference == reference {
                return received.payload;
            }
        }
    }

    /// The next message with this event; earlier messages are skipped.
    pub(crate) async fn receive_event(&mut self, event: &str) -> Received {
        loop {
            let received = self.receive().await;
            if received.event == event {
                return received;
            }
        }
    }

    /// The next message.
    pub(super) async fn receive(&mut self) -> Received {
        let message = timeout(WAIT_MAX, self.stream.next()).await.expect("a message in time");
        read(message.expect("an open socket").unwrap())
    }

    /// Whether no message arrives within [`MOMENT`].
    pub(super) async fn is_quiet(&mut self) -> bool {
        timeout(MOMENT, self.stream.next()).await.is_err()
    }

    /// The code of the frame that closes the socket; earlier messages are skipped.
    pub(super) async fn close_code(&mut self) -> u16 {
        loop {
            match timeout(WAIT_MAX, self.stream.next()).await.expect("a close in time") {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                other => panic!("no close frame: {other:?}"),
            }
        }
    }
}

/// Parses a frame.
fn read(message: Message) -> Received {
    match message {
        Message::Text(text) => {
            let value: Value = serde_json::from_str(&text).unwrap();
            let part = |index: usize, key: &str| match &value {
                Value::Array(parts) => parts[index].clone(),
                object => object[key].clone(),
            };
            let text = |value: Value| value.as_str().unwrap().to_owned();
            Received {
                reference: part(1, "ref"),
                topic: text(part(2, "topic")),
                event: text(part(3, "event")),
                payload: part(4, "payload"),
                bytes: Vec::new(),
            }
        }
        Message::Binary(frame) => read_binary(&frame),
        other => panic!("{other:?}"),
    }
}

fn read_binary(frame: &[u8]) -> Received {
    let [4, topic, event, meta, encoding, ref rest @ ..] = *frame else { panic!("{frame:?}") };
    let (topic, rest) = rest.split_at(topic.into());
    let (event, rest) = rest.split_at(event.into());
    let (meta, body) = rest.split_at(meta.into());
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let meta: Value = serde_json::from_slice(meta).unwrap();
    let payload = if encoding == 1 { serde_json::from_slice(body).unwrap() } else { Value::Null };
    Received {
        topic: text(topic),
        event: "broadcast".into(),
        payload: json!({ "type": "broadcast", "event": text(event), "payload": payload, "meta": meta }),
        reference: Value::Null,
        bytes: if encoding == 0 { body.to_vec() } else { Vec::new() },
    }
}

/// A broadcast as version 2.0.0 sends it.
pub(super) fn binary(
    refs: (&str, &str),
    topic: &str,
    event: &str,
    body: &[u8],
    is_json: bool,
) -> Message {
    let lengths = [refs.0, refs.1, topic, event].map(|it| u8::try_from(it.len()).unwrap());
    let mut frame = vec![3];
    frame.extend(lengths);
    frame.extend([0, u8::from(is_json)]);
    for part in [refs.0, refs.1, topic, event] {
        frame.extend(part.as_bytes());
    }
    frame.extend(body);
    Message::binary(frame)
}

impl Socket {
    /// The next message, or nothing when the socket is closed.
    pub(super) async fn try_receive(&mut self) -> Option<Received> {
        match self.stream.next().await {
            Some(Ok(Message::Close(_)) | Err(_)) | None => None,
            Some(Ok(message)) => Some(read(message)),
        }
    }
}
