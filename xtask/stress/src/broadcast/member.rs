//! A member of a room: a socket that has joined one channel.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::messages::{self, Message};
use crate::evidence::Room;
use crate::target::Target;

/// Timeout of joining.
const JOIN_TIMEOUT: Duration = Duration::from_secs(20);

/// Interval of heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(25);

/// A member of a room.
pub(super) struct Member {
    /// Its number in the room.
    pub(super) number: usize,
    stream: WebSocketStream<TcpStream>,
    topic: String,
    sent: u64,
    heartbeat: Instant,
}

impl Member {
    /// Opens a socket from an address of its own, and joins.
    pub(super) async fn enter(
        target: Target,
        room: Arc<Room>,
        user: usize,
        number: usize,
    ) -> Result<Self> {
        let entering = async {
            let socket = TcpSocket::new_v4()?;
            if let Some(source) = target.source(user) {
                socket.bind((source, 0).into())?;
            }
            let stream = socket.connect(target.address).await?;
            stream.set_nodelay(true)?;
            let url = format!("ws://{}/realtime/v1/websocket?apikey=stress&vsn=1.0.0", target.host);
            let (mut stream, _) = client_async(url, stream).await.context("no handshake")?;
            let topic = messages::topic(&room.id);
            stream.send(Frame::text(messages::join(&topic))).await?;
            let Some(Ok(Frame::Text(answer))) = stream.next().await else { bail!("no answer") };
            messages::read(&answer)?;
            Ok(Self { number, stream, topic, sent: 0, heartbeat: Instant::now() })
        };
        timeout(JOIN_TIMEOUT, entering)
            .await
            .context("entering took too long")?
            .context("cannot enter")
    }

    /// Sends a message that was due at this moment.
    pub(super) async fn send_due(&mut self, due: i64) -> Result<()> {
        let text = messages::card_moved(&self.topic, self.number, self.sent, Some(due));
        self.sent += 1;
        self.send(text).await?;
        if self.heartbeat.elapsed() > HEARTBEAT {
            self.heartbeat = Instant::now();
            self.send(messages::heartbeat()).await?;
        }
        Ok(())
    }

    /// Sends the last message.
    pub(super) async fn send_last(&mut self) -> Result<()> {
        let text = messages::card_moved(&self.topic, self.number, self.sent, None);
        self.send(text).await
    }

    async fn send(&mut self, text: String) -> Result<()> {
        self.stream.send(Frame::text(text)).await.context("cannot send")
    }

    /// The next message of another member; cancel safe.
    pub(super) async fn receive(&mut self) -> Result<Message> {
        loop {
            match self.stream.next().await.context("the server closed a socket")?? {
                Frame::Text(text) => {
                    if let Some(message) = messages::read(&text)? {
                        return Ok(message);
                    }
                }
                Frame::Close(frame) => bail!("the server closed a socket: {frame:?}"),
                _ => {}
            }
        }
    }
}
