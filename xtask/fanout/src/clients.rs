//! The members of all rooms: many sockets on one thread.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use stress::Times;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, spawn_local};
use tokio::time::{sleep, timeout};

use crate::frames::{TEXT, message, take};
use crate::protocol::{Frame, Protocol};

/// Sockets that are opened at once.
const OPENING: usize = 32;

/// Timeout of opening one.
const OPEN_TIMEOUT: Duration = Duration::from_secs(20);

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// Many sockets in many rooms.
pub(crate) struct Clients {
    pub(crate) protocol: Protocol,
    pub(crate) rooms: Vec<Rc<str>>,
    /// The sockets: one of each room, then the next of each room.
    sockets: Vec<Rc<TcpStream>>,
    pub(crate) received: Rc<Received>,
}

/// Everything that was received by all members.
pub(crate) struct Received {
    start: Instant,
    state: RefCell<State>,
}

struct State {
    deliveries: u64,
    /// In nanoseconds.
    times: Times,
    /// The fault that ended it.
    fault: Option<String>,
    buffer: Vec<u8>,
}

impl Clients {
    /// Opens `members` sockets in each room.
    pub(crate) async fn gather(
        protocol: Protocol,
        address: SocketAddr,
        rooms: &[String],
        members: usize,
    ) -> Result<Self> {
        let rooms: Vec<Rc<str>> = rooms.iter().map(|it| it.as_str().into()).collect();
        let received = Rc::new(Received::new());
        let mut opening = JoinSet::new();
        let mut sockets = Vec::new();
        for number in 0..members * rooms.len() {
            let room = rooms[number % rooms.len()].clone();
            let open = open(protocol, address, room, received.clone());
            opening.spawn_local(async { timeout(OPEN_TIMEOUT, open).await? });
            if opening.len() == OPENING || number + 1 == members * rooms.len() {
                while let Some(socket) = opening.join_next().await {
                    sockets.push(socket?.context("cannot open a socket")?);
                }
            }
        }
        // Sockets that were opened concurrently arrived in any order.
        let mut clients = Self { protocol, rooms, sockets: Vec::new(), received };
        sockets.sort_by_key(|(room, _)| Rc::as_ptr(room).cast::<u8>() as usize);
        let room_count = clients.rooms.len();
        for turn in 0..members {
            clients
                .sockets
                .extend((0..room_count).map(|room| sockets[room * members + turn].1.clone()));
        }
        clients.rooms = (0..room_count).map(|room| sockets[room * members].0.clone()).collect();
        Ok(clients)
    }

    /// The number of members.
    pub(crate) fn members(&self) -> u64 {
        self.sockets.len() as u64
    }

    /// The number of receivers of each message.
    pub(crate) fn receivers(&self) -> u64 {
        (self.sockets.len() / self.rooms.len()) as u64 - 1
    }

    /// Sends a message of the next member, one room after the other; false when the socket is full.
    pub(crate) fn send(&self, number: u64) -> Result<bool> {
        let index = usize::try_from(number)? % self.sockets.len();
        let room = &self.rooms[index % self.rooms.len()];
        let frame = self.protocol.message(room, self.received.now());
        match self.sockets[index].try_write(&frame) {
            Ok(written) => {
                ensure!(written == frame.len(), "a message was cut in two");
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error).context("cannot send"),
        }
    }
}

impl Received {
    fn new() -> Self {
        let times = Times::default();
        let state = State { deliveries: 0, times, fault: None, buffer: vec![0; BUFFER_BYTES] };
        Self { start: Instant::now(), state: RefCell::new(state) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The number of deliveries.
    ///
    /// # Errors
    /// When a socket ended.
    pub(crate) fn deliveries(&self) -> Result<u64> {
        let state = self.state.borrow();
        ensure!(state.fault.is_none(), "{}", state.fault.as_deref().unwrap_or_default());
        Ok(state.deliveries)
    }

    /// The times of all deliveries since the last call.
    pub(crate) fn take_times(&self) -> Times {
        let mut state = self.state.borrow_mut();
        let times = state.times.clone();
        state.times.clear();
        times
    }

    fn fail(&self, error: &anyhow::Error) {
        self.state.borrow_mut().fault.get_or_insert_with(|| format!("{error:#}"));
    }
}

async fn open(
    protocol: Protocol,
    address: SocketAddr,
    room: Rc<str>,
    received: Rc<Received>,
) -> Result<(Rc<str>, Rc<TcpStream>)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let path = protocol.path(&room);
    let handshake = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(handshake.as_bytes()).await?;
    let mut carry = Vec::with_capacity(1024);
    let end = loop {
        ensure!(stream.read_buf(&mut carry).await? > 0, "closed in the handshake");
        if let Some(end) = carry.windows(4).position(|it| it == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let answer = String::from_utf8_lossy(&carry[..end]);
    ensure!(answer.starts_with("HTTP/1.1 101"), "refused: {answer}");
    carry.drain(..end);
    if let Some(join) = protocol.join(&room) {
        stream.write_all(&join).await?;
        while !has_joined(protocol, &mut carry)? {
            ensure!(stream.read_buf(&mut carry).await? > 0, "closed before the welcome");
        }
    }
    carry.shrink_to_fit();
    let stream = Rc::new(stream);
    spawn_local(receive(protocol, stream.clone(), carry, received));
    Ok((room, stream))
}

fn has_joined(protocol: Protocol, carry: &mut Vec<u8>) -> Result<bool> {
    let mut welcome = false;
    let taken = take(carry, |opcode, frame| {
        welcome |= protocol.read(opcode, frame) == Frame::Joined;
        Ok(())
    })?;
    carry.drain(..taken);
    Ok(welcome)
}

async fn receive(
    protocol: Protocol,
    stream: Rc<TcpStream>,
    mut carry: Vec<u8>,
    received: Rc<Received>,
) {
    loop {
        if let Err(error) = stream.readable().await {
            return received.fail(&error.into());
        }
        if let Err(error) = receive_once(protocol, &stream, &mut carry, &received) {
            return received.fail(&error);
        }
    }
}

fn receive_once(
    protocol: Protocol,
    stream: &TcpStream,
    carry: &mut Vec<u8>,
    received: &Received,
) -> Result<()> {
    let mut state = received.state.borrow_mut();
    let State { deliveries, times, buffer, .. } = &mut *state;
    let kept = carry.len();
    buffer[..kept].copy_from_slice(carry);
    let read = match stream.try_read(&mut buffer[kept..]) {
        Ok(0) => anyhow::bail!("the server closed a socket"),
        Ok(read) => read,
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let now = received.now();
    let bytes = &buffer[..kept + read];
    let taken = take(bytes, |opcode, frame| {
        match protocol.read(opcode, frame) {
            Frame::Message(stamp) => {
                *deliveries += 1;
                times.record_value(now.saturating_sub(stamp).max(1));
            }
            Frame::Heartbeat(answer) => {
                // A full socket shows that it is alive, too.
                let _ = stream.try_write(&message(TEXT, answer.as_bytes()));
            }
            Frame::Joined | Frame::Nothing => {}
        }
        Ok(())
    })?;
    carry.clear();
    carry.extend_from_slice(&bytes[taken..]);
    Ok(())
}

/// Waits until every message has been delivered.
pub(crate) async fn drain(clients: &Clients, sent: u64) -> Result<()> {
    for _ in 0..3000 {
        if clients.received.deliveries()? >= sent * clients.receivers() {
            return Ok(());
        }
        sleep(Duration::from_millis(10)).await;
    }
    let received = clients.received.deliveries()?;
    anyhow::bail!("{received} deliveries of {} messages to {} each", sent, clients.receivers())
}
