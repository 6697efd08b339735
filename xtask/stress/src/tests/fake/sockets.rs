//! Channels, in which now and then a delivery goes wrong.

use std::collections::HashMap;
use std::sync::Mutex;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::Server;

/// The members of each channel.
#[derive(Default)]
pub(super) struct Channels(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    members: HashMap<String, Vec<(u64, UnboundedSender<String>)>>,
    deliveries: u64,
    /// The delivery that comes after the next one, and its receiver.
    delayed: Option<(u64, String)>,
}

pub(super) async fn serve(server: &Server, mut stream: TcpStream, head: &str) -> Option<()> {
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim())
    })?;
    let answer = format!(
        "HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: {}\r\n\r\n",
        derive_accept_key(key.as_bytes())
    );
    stream.write_all(answer.as_bytes()).await.ok()?;
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    let (mut write, mut read) = socket.split();
    let (sender, mut outbox) = unbounded_channel();
    tokio::spawn(async move {
        while let Some(text) = outbox.recv().await {
            if write.send(Message::text(text)).await.is_err() {
                return;
            }
        }
    });
    let id = server.next();
    while let Some(Ok(message)) = read.next().await {
        let Ok(Ok(said)) = message.to_text().map(serde_json::from_str::<Value>) else { continue };
        server.hear(id, &sender, &said);
    }
    Some(())
}

impl Server {
    fn hear(&self, id: u64, sender: &UnboundedSender<String>, said: &Value) {
        let topic = said["topic"].as_str().unwrap().to_owned();
        let mut inner = self.channels.0.lock().unwrap();
        match said["event"].as_str().unwrap() {
            "phx_join" => {
                inner.members.entry(topic).or_default().push((id, sender.clone()));
                let reply =
                    json!({ "event": "phx_reply", "payload": { "status": "ok", "response": {} } });
                let _ = sender.send(reply.to_string());
            }
            "broadcast" => {
                let members = inner.members.get(&topic).cloned().unwrap_or_default();
                let mut said = said.clone();
                said["payload"]["meta"] = json!({ "seq": inner.deliveries + 1 });
                for (member, outbox) in members.iter().filter(|(it, _)| *it != id) {
                    self.deliver(&mut inner, *member, outbox, &said.to_string());
                }
            }
            _ => {}
        }
    }

    fn deliver(&self, inner: &mut Inner, to: u64, outbox: &UnboundedSender<String>, text: &str) {
        let number = inner.deliveries;
        inner.deliveries += 1;
        let is = |fault: Option<u64>| fault == Some(number);
        if is(self.faults.loses_delivery) {
            return;
        }
        if is(self.faults.delays_delivery) {
            inner.delayed = Some((to, text.to_owned()));
            return;
        }
        let copies = if is(self.faults.doubles_delivery) { 2 } else { 1 };
        for _ in 0..copies {
            let _ = outbox.send(text.to_owned());
        }
        if let Some((_, late)) = inner.delayed.take_if(|(it, _)| *it == to) {
            let _ = outbox.send(late);
        }
    }
}
