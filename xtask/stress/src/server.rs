//! A spawned server, on a free port.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Time that a server has to stop after SIGTERM; it promises 8.5 s.
const STOP_TIMEOUT: Duration = Duration::from_secs(9);

/// Time after which a start has failed.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Interval between two checks of a starting server.
const POLL: Duration = Duration::from_micros(100);

/// Lines of the log that an error carries.
const LOG_LINES: usize = 30;

/// A running server. Dropping it kills it; its folder goes too.
pub struct Server {
    process: Child,
    pid: Pid,
    address: SocketAddr,
    folder: TempDir,
    started: Instant,
}

impl Server {
    /// Starts the server with the development profile in a temporary folder, with settings that are named
    /// as in the environment.
    pub fn start(program: &Path, database_url: &str, settings: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = free_address()?;
        let log = File::create(folder.path().join("log"))?;
        let mut command = command(program, database_url, folder.path());
        command.env("HOST", address.ip().to_string()).env("PORT", address.port().to_string());
        command.envs(settings.iter().copied());
        command.stdout(log.try_clone()?).stderr(log);
        let started = Instant::now();
        let process = command.spawn().context("cannot start the server")?;
        let pid = process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let pid = pid.context("the server ended at once")?;
        Ok(Self { process, pid, address, folder, started })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the first 200 on `/health`; returns the time since the start.
    pub fn wait(&mut self) -> Result<Duration> {
        while self.started.elapsed() < START_TIMEOUT {
            if is_healthy(self.address) {
                return Ok(self.started.elapsed());
            }
            if let Some(status) = self.process.try_wait()? {
                bail!("the server ended ({status}) before it answered\n{}", self.log());
            }
            thread::sleep(POLL);
        }
        bail!("no answer within {} s\n{}", START_TIMEOUT.as_secs(), self.log());
    }

    /// Sends SIGTERM and waits; returns the time until the exit.
    ///
    /// # Errors
    /// When it does not exit in time, or exits without success.
    pub async fn stop(mut self) -> Result<Duration> {
        let asked = Instant::now();
        kill_process(self.pid, Signal::TERM)?;
        let Ok(status) = timeout(STOP_TIMEOUT, self.process.wait()).await else {
            bail!("still there {} s after SIGTERM\n{}", STOP_TIMEOUT.as_secs(), self.log());
        };
        let status = status?;
        ensure!(status.success(), "SIGTERM ended the server with {status}\n{}", self.log());
        Ok(asked.elapsed())
    }

    /// Sends SIGKILL and waits.
    pub(crate) async fn kill(mut self) -> Result<()> {
        self.process.kill().await.context("cannot kill the server")
    }

    /// The process id.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// The last lines of its log.
    pub(crate) fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

/// The server's program in `folder`, without the variables of this process that it would read. On Linux
/// it has a session of its own, as under a service manager.
pub(crate) fn command(program: &Path, database_url: &str, folder: &Path) -> Command {
    let mut command = if cfg!(target_os = "linux") {
        let mut command = Command::new("setsid");
        command.arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command.env_remove("DIRECT_DATABASE_URL").env_remove("JWT_SECRET").env_remove("K_SERVICE");
    command.env("CARDROOM_PROFILE", "development").env("DATABASE_URL", database_url);
    command
}

/// A port that is free at this moment.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn is_healthy(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(START_TIMEOUT))?;
        stream
            .write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map(|_| answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
}

/// The resident memory of a process, in bytes.
///
/// # Errors
/// When there is no such process.
pub fn resident(pid: i32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")).context("no VmRSS")?;
    Ok(kib.trim().parse::<u64>()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_resident_memory() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(resident(own).unwrap() > 1_000_000);
        assert!(resident(i32::MAX).is_err());
    }

    #[tokio::test]
    async fn a_server_that_ends_at_once_is_no_server() {
        let mut server = Server::start(Path::new("false"), "sqlite://none", &[]).unwrap();
        let error = server.wait().unwrap_err().to_string();
        assert!(error.starts_with("the server ended"), "{error}");
    }
}
