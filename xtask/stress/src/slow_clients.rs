//! Clients that are as slow as possible in sending a head, in sending a body, or in reading answers. They
//! reconnect when their connection is closed.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// Pause between two bytes.
const PAUSE: Duration = Duration::from_secs(1);

/// Receive buffer of a slow reader, in bytes.
const READER_BUFFER: u32 = 4096;

/// Answers that a slow reader asks for: more than fits into any buffer on the way.
const ANSWERS: usize = 64;

/// Longest wait for all of them to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// The part of an exchange that is slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Head,
    Body,
    Reading,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Head, Self::Body, Self::Reading];

    /// The part that is sent at once, before single bytes.
    fn beginning(self) -> String {
        match self {
            Self::Head => "GET /health HTTP/1.1\r\nhost: cardroom\r\nx-slow: ".to_owned(),
            Self::Body => "POST /api/auth/login HTTP/1.1\r\nhost: cardroom\r\n\
                 content-type: application/json\r\ncontent-length: 60000\r\n\r\n{"
                .to_owned(),
            Self::Reading => {
                "GET /api/openapi.json HTTP/1.1\r\nhost: cardroom\r\n\r\n".repeat(ANSWERS)
            }
        }
    }
}

/// The state that all of them share.
struct Shared {
    address: SocketAddr,
    reconnects: AtomicBool,
    open: AtomicUsize,
    /// Closed connections by kind.
    closed: [AtomicUsize; Kind::ALL.len()],
}

/// A number of slow clients, on a thread of their own, until it is dropped.
pub(crate) struct SlowClients {
    shared: Arc<Shared>,
    count: usize,
    _end: oneshot::Sender<()>,
}

impl SlowClients {
    /// Begins with `count` clients, as many of each kind.
    pub(crate) fn start(address: SocketAddr, count: usize) -> Result<Self> {
        let shared = Arc::new(Shared {
            address,
            reconnects: AtomicBool::new(true),
            open: AtomicUsize::new(0),
            closed: Default::default(),
        });
        let (end, ended) = oneshot::channel::<()>();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        for number in 0..count {
            runtime.spawn(client(shared.clone(), number));
        }
        thread::Builder::new().name("slow-clients".into()).spawn(move || {
            // An error means that the sender was dropped, which ends the clients.
            let _ = runtime.block_on(ended);
        })?;
        Ok(Self { shared, count, _end: end })
    }

    /// Waits until nearly all are connected; those that were just closed are not.
    pub(crate) async fn wait_until_connected(&self) {
        let connected = async {
            while self.shared.open.load(Relaxed) < self.count - self.count / 20 {
                sleep(Duration::from_millis(50)).await;
            }
        };
        // Clients that are missing by then show in the claims.
        let _ = timeout(CONNECT_TIMEOUT, connected).await;
    }

    /// Clients whose connection is closed do not reconnect from now on.
    pub(crate) fn stop_reconnecting(&self) {
        self.shared.reconnects.store(false, Relaxed);
    }

    /// Whether the server has closed some of each kind.
    pub(crate) fn closed_each_kind(&self) -> bool {
        self.shared.closed.iter().all(|it| it.load(Relaxed) > 0)
    }
}

impl fmt::Display for SlowClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [head, body, reading] = self.shared.closed.each_ref().map(|it| it.load(Relaxed));
        write!(
            f,
            "{head} closed with slow heads, {body} with slow bodies, {reading} reading slowly"
        )
    }
}

async fn client(shared: Arc<Shared>, number: usize) {
    let place = number % Kind::ALL.len();
    // Spreads the clients over time.
    sleep(Duration::from_millis(number as u64 % 1000)).await;
    while shared.reconnects.load(Relaxed) {
        if let Ok(stream) = connect(shared.address, number).await {
            shared.open.fetch_add(1, Relaxed);
            crawl(stream, Kind::ALL[place]).await;
            shared.open.fetch_sub(1, Relaxed);
            shared.closed[place].fetch_add(1, Relaxed);
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// From one of a few addresses, as an attacker with a few machines.
async fn connect(address: SocketAddr, number: usize) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if address.ip() == Ipv4Addr::LOCALHOST {
        let machine = u8::try_from(number % 100).unwrap_or(0);
        socket.bind((Ipv4Addr::new(127, 9, 0, 1 + machine), 0).into())?;
    }
    socket.set_recv_buffer_size(READER_BUFFER)?;
    socket.connect(address).await
}

/// Goes on until the server ends the connection.
async fn crawl(mut stream: TcpStream, kind: Kind) {
    let mut buffer = [0; 512];
    if stream.write_all(kind.beginning().as_bytes()).await.is_err() {
        return;
    }
    loop {
        // A slow reader reads nothing, and notices the end when a write fails.
        if kind == Kind::Reading {
            sleep(PAUSE).await;
        } else if let Ok(read) = timeout(PAUSE, stream.read(&mut buffer)).await {
            match read {
                Ok(0) | Err(_) => return,
                Ok(_) => continue,
            }
        }
        if timeout(PAUSE, stream.write_all(b"x")).await.is_ok_and(|it| it.is_err()) {
            return;
        }
    }
}
