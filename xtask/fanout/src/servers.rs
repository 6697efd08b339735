//! The servers that are compared, each alone on the first core.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result};
use rustix::process::Pid;
use serde_json::json;
use stress::ProcessorTime;
use stress::client::{Client, DEMO, text};
use stress::server::{self, Server};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::protocol::Protocol;

/// Lifts limits that the load would reach; the other servers have none.
const SETTINGS: [(&str, &str); 7] = [
    ("CARDROOM__SERVER__WORKERS", "1"),
    ("CARDROOM__SERVER__CONNECTIONS_MAX", "20000"),
    ("CARDROOM__REALTIME__SOCKETS_PER_ADDRESS", "20000"),
    ("CARDROOM__REALTIME__MESSAGES_PER_SECOND", "1000000"),
    ("CARDROOM__REALTIME__ROOM_MESSAGES_PER_SECOND", "1000000"),
    ("CARDROOM__REALTIME__QUEUE_FRAMES", "65536"),
    ("CARDROOM__REALTIME__IDLE_TIMEOUT_SECS", "3600"),
];

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Cardroom,
    Ws,
    SocketIo,
    /// The program `floor`: the least that sending can cost.
    Floor,
}

/// Everything that starts any of them.
pub(crate) struct Programs {
    /// The release build of Cardroom.
    pub(crate) cardroom: PathBuf,
    pub(crate) database_url: String,
    /// The installed packages of the others.
    pub(crate) folder: PathBuf,
}

/// A running server; dropping it ends it.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) rooms: Vec<String>,
    pub(crate) process: Process,
    _kept: Kept,
}

enum Kept {
    Cardroom { _server: Server },
    Other { _child: Child },
}

/// A process, as the kernel sees it.
pub(crate) struct Process(i32);

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Ws, Self::SocketIo, Self::Floor, Self::Cardroom];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cardroom => "cardroom",
            Self::Ws => "ws",
            Self::SocketIo => "socket.io",
            Self::Floor => "floor",
        }
    }

    pub(crate) fn protocol(self) -> Protocol {
        match self {
            Self::Cardroom => Protocol::Cardroom,
            Self::Ws | Self::Floor => Protocol::Plain,
            Self::SocketIo => Protocol::SocketIo,
        }
    }

    /// Starts it with so many rooms.
    pub(crate) async fn start(self, programs: &Programs, rooms: usize) -> Result<Running> {
        match self {
            Self::Cardroom => start_ours(programs, rooms).await,
            Self::Ws => start_other(node(&programs.folder, "ws.mjs"), rooms).await,
            Self::SocketIo => start_other(node(&programs.folder, "socket-io.mjs"), rooms).await,
            Self::Floor => start_other(Command::new(beside_us("floor")?), rooms).await,
        }
    }
}

async fn start_ours(programs: &Programs, rooms: usize) -> Result<Running> {
    let mut server = Server::start(&programs.cardroom, &programs.database_url, &SETTINGS)?;
    server.wait()?;
    let client = Client::local(server.address());
    let token = client.log_in(DEMO.0, DEMO.1).await?;
    let mut ids = Vec::new();
    for _ in 0..rooms {
        let room = client.post("/api/rooms", &token, &json!({ "name": "fanout" })).await?;
        ids.push(text(&room, "id")?);
    }
    let process = Process::on_first_core(server.pid())?;
    let address = server.address();
    Ok(Running { address, rooms: ids, process, _kept: Kept::Cardroom { _server: server } })
}

fn node(folder: &Path, script: &str) -> Command {
    let mut node = Command::new("node");
    node.arg(script).current_dir(folder);
    node
}

/// A program of the same build as this one.
fn beside_us(name: &str) -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// Starts a program that prints the port on which it listens.
async fn start_other(mut command: Command, rooms: usize) -> Result<Running> {
    command.stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    let output = child.stdout.take().context("no output")?;
    let port = BufReader::new(output).lines().next_line().await?.context("no port")?;
    let pid = child.id().and_then(|it| i32::try_from(it).ok()).context("it ended at once")?;
    Ok(Running {
        address: (Ipv4Addr::LOCALHOST, port.parse::<u16>()?).into(),
        rooms: (0..rooms).map(|it| format!("room-{it}")).collect(),
        process: Process::on_first_core(pid)?,
        _kept: Kept::Other { _child: child },
    })
}

impl Process {
    /// Moves all threads of a process to the first core, if there is another for this one.
    fn on_first_core(pid: i32) -> Result<Self> {
        let threads = fs::read_dir(format!("/proc/{pid}/task"))?;
        for thread in threads {
            let name = thread?.file_name();
            let thread = name.to_str().and_then(|it| it.parse().ok()).and_then(Pid::from_raw);
            pin(thread, 0)?;
        }
        Ok(Self(pid))
    }

    /// Time on a core so far, of all threads.
    pub(crate) fn processor_time(&self) -> Result<ProcessorTime> {
        ProcessorTime::of(&self.0.to_string()).context("the server ended")
    }

    /// The same of this process.
    pub(crate) fn own() -> Result<ProcessorTime> {
        ProcessorTime::of("self").context("no /proc/self/stat")
    }

    /// Resident memory, in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        server::resident(self.0)
    }
}

/// Moves a thread, or this one, to a core; the only one when there are no more.
pub(crate) fn pin(thread: Option<Pid>, core: usize) -> Result<()> {
    let cores = std::thread::available_parallelism()?.get();
    let mut set = rustix::thread::CpuSet::new();
    set.set(core.min(cores - 1));
    rustix::thread::sched_setaffinity(thread, &set)?;
    Ok(())
}
