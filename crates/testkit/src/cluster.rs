//! A temporary PostgreSQL cluster from the installed binaries.
//!
//! It lives in a temporary folder, listens on a free port of 127.0.0.1 and on a socket in that
//! folder, and is removed with its folder when it is dropped. For tests it trades durability for speed,
//! since its data are not needed afterwards; for benchmarks and crash tests it is durable.

pub(crate) mod account;
mod binaries;

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use uuid::Uuid;

use account::Account;
use binaries::Binaries;

/// The superuser of the cluster, and its initial database.
const SUPERUSER: &str = "postgres";

/// Longest time of a start, which usually takes a second or two.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// Another program may take the free port before PostgreSQL does.
const PORTS_TRIED: usize = 3;

/// Durability is off, since no data of tests have to survive a power failure.
const FAST: &[&str] = &[
    "autovacuum=off",
    "checkpoint_timeout=1h",
    "fsync=off",
    "full_page_writes=off",
    "jit=off",
    "listen_addresses=127.0.0.1",
    "log_min_messages=fatal",
    "max_connections=200",
    "max_wal_senders=0",
    "max_wal_size=4GB",
    "shared_buffers=128MB",
    "synchronous_commit=off",
    "wal_level=minimal",
];

/// Messages in German, and no durability.
const GERMAN: &[&str] = &[
    "fsync=off",
    "jit=off",
    "lc_messages=de_DE.UTF-8",
    "listen_addresses=127.0.0.1",
    "log_min_messages=fatal",
    "max_connections=50",
    "synchronous_commit=off",
];

/// The settings of a production server: PostgreSQL's own defaults, except for sizes.
const DURABLE: &[&str] = &[
    "jit=off",
    "listen_addresses=127.0.0.1",
    "log_min_messages=fatal",
    "max_connections=200",
    "max_wal_size=4GB",
    "shared_buffers=512MB",
];

/// A running cluster; dropping it stops the server and removes the folder.
#[derive(Debug)]
pub struct Cluster {
    server: Child,
    port: u16,
    password: String,
    settings: &'static [&'static str],
    binaries: Binaries,
    folder: TempDir,
}

impl Cluster {
    /// Starts a cluster, which takes one to three seconds.
    ///
    /// Call it on a thread that outlives the cluster: the server stops when that thread ends, so
    /// that it never outlives a test run that was killed.
    ///
    /// # Errors
    /// When PostgreSQL is not installed and cannot be, or does not start.
    pub fn start() -> Result<Self> {
        Self::start_with(FAST)
    }

    /// Starts a durable cluster, which keeps acknowledged commits after a crash.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn start_durable() -> Result<Self> {
        Self::start_with(DURABLE)
    }

    /// Starts a cluster whose messages are German.
    ///
    /// # Errors
    /// As [`Cluster::start`], and when the locale cannot be generated: it needs the package `locales`, and
    /// PostgreSQL's German messages, which the packages of Debian include.
    pub fn start_in_german() -> Result<Self> {
        Self::start_with(GERMAN)
    }

    fn start_with(settings: &'static [&'static str]) -> Result<Self> {
        let binaries = Binaries::find_or_install()?;
        let account = Account::for_server()?;
        let folder = folder(account.as_ref())?;
        if settings == GERMAN {
            generate_german(&locales(folder.path()))?;
        }
        let password = Uuid::new_v4().simple().to_string();
        init(&binaries, account.as_ref(), folder.path(), &password)?;
        let serve = || serve(&binaries, account.as_ref(), folder.path(), free_port()?, settings);
        let mut serving = serve();
        for _ in 1..PORTS_TRIED {
            serving = serving.or_else(|_| serve());
        }
        let (server, port) = serving?;
        Ok(Self { server, port, password, settings, binaries, folder })
    }

    /// Stops the server, which cancels all statements in progress. Its data stay.
    ///
    /// # Errors
    /// When it cannot be signalled, or does not shut down cleanly.
    pub fn stop(&mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.server), Signal::INT)?;
        let status = self.server.wait()?;
        ensure!(status.success(), "PostgreSQL did not stop in order: {status}");
        Ok(())
    }

    /// Starts a stopped server again, on the same port. The calling thread has to outlive it, as with
    /// [`Cluster::start`].
    ///
    /// # Errors
    /// When it does not start, such as because its port was taken meanwhile.
    pub fn start_again(&mut self) -> Result<()> {
        let Self { binaries, folder, port, settings, .. } = self;
        let account = Account::for_server()?;
        let (server, _) = serve(binaries, account.as_ref(), folder.path(), *port, settings)?;
        self.server = server;
        Ok(())
    }

    /// Suspends all its processes until [`Self::thaw`]: the kernel still accepts connections and data, and
    /// nothing is answered.
    ///
    /// # Errors
    /// When they cannot be found or signalled.
    pub fn freeze(&self) -> Result<()> {
        self.signal_all(Signal::STOP)
    }

    /// Resumes the processes.
    ///
    /// # Errors
    /// As [`Self::freeze`].
    pub fn thaw(&self) -> Result<()> {
        self.signal_all(Signal::CONT)
    }

    /// The server comes first, so that it starts no further processes.
    fn signal_all(&self, signal: Signal) -> Result<()> {
        let server = self.server.id();
        kill_process(Pid::from_child(&self.server), signal)?;
        let children = fs::read_to_string(format!("/proc/{server}/task/{server}/children"))?;
        for child in children.split_whitespace() {
            let child = child.parse().ok().and_then(Pid::from_raw).context("no process")?;
            // It may have ended meanwhile.
            let _ = kill_process(child, signal);
        }
        Ok(())
    }

    /// The URL of the initial database, over TCP, as a superuser.
    pub fn url(&self) -> String {
        let Self { port, password, .. } = self;
        format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/{SUPERUSER}")
    }

    /// A program of the same installation, such as `pgbench`.
    pub fn program(&self, name: &str) -> PathBuf {
        // The folder with links to the programs may lack some of them.
        let postgres = self.binaries.postgres.canonicalize();
        postgres.unwrap_or_else(|_| self.binaries.postgres.clone()).with_file_name(name)
    }

    /// The folder that holds the socket.
    pub fn socket_folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Cluster {
    /// Stops the server without a checkpoint.
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.server.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::QUIT);
            let _ = self.thaw();
        }
        let _ = self.server.wait();
    }
}

/// A new folder, in /tmp because the path of a socket has at most 107 bytes.
pub(crate) fn folder(owner: Option<&Account>) -> Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("cardroom-pg-").tempdir_in("/tmp")?;
    if let Some(owner) = owner {
        owner.own(folder.path())?;
    }
    Ok(folder)
}

/// Makes the cluster's files. The socket needs no password, since the permissions of its folder protect
/// it; TCP does, since every user of the machine can connect.
fn init(
    binaries: &Binaries,
    account: Option<&Account>,
    folder: &Path,
    password: &str,
) -> Result<()> {
    let secret = folder.join("password");
    fs::write(&secret, password)?;
    if let Some(owner) = account {
        owner.own(&secret)?;
    }
    let output = account::command(account, &binaries.initdb)
        .arg("--pgdata")
        .arg(data(folder))
        .arg("--pwfile")
        .arg(&secret)
        .args(["--username", SUPERUSER, "--auth-local=trust", "--auth-host=password"])
        .args(["--encoding=UTF8", "--locale=C", "--no-sync"])
        .current_dir(folder)
        .output()
        .with_context(|| format!("cannot run {}", binaries.initdb.display()))?;
    ensure!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
    fs::remove_file(secret)?;
    Ok(())
}

fn serve(
    binaries: &Binaries,
    account: Option<&Account>,
    folder: &Path,
    port: u16,
    settings: &[&str],
) -> Result<(Child, u16)> {
    let log = File::create(log(folder))?;
    let server = server(binaries, account, folder, port, settings)
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot run {}", binaries.postgres.display()))?;
    wait(server, folder).map(|server| (server, port))
}

/// The server in its own process group, so that ctrl-c reaches only this process, which then stops the
/// server cleanly.
fn server(
    binaries: &Binaries,
    account: Option<&Account>,
    folder: &Path,
    port: u16,
    settings: &[&str],
) -> Command {
    let mut command = account::command(account, &binaries.postgres);
    command.arg("-D").arg(data(folder)).args(["-p", &port.to_string()]);
    command.arg("-c").arg(format!("unix_socket_directories={}", folder.display()));
    for setting in settings {
        command.args(["-c", setting]);
    }
    if locales(folder).exists() {
        command.env("LOCPATH", locales(folder));
    }
    command.current_dir(folder).process_group(0);
    command
}

/// Waits until the server accepts connections, which the last line of its pid file reports.
fn wait(mut server: Child, folder: &Path) -> Result<Child> {
    let start = Instant::now();
    while start.elapsed() < START_TIMEOUT {
        if server.try_wait()?.is_some() {
            let log = fs::read_to_string(log(folder)).unwrap_or_default();
            bail!("PostgreSQL did not start: {}", log.trim());
        }
        let pid_file = fs::read_to_string(data(folder).join("postmaster.pid")).unwrap_or_default();
        if pid_file.lines().last().is_some_and(|line| line.trim() == "ready") {
            return Ok(server);
        }
        thread::sleep(Duration::from_millis(10));
    }
    let _ = server.kill();
    bail!("PostgreSQL did not start within {} s", START_TIMEOUT.as_secs())
}

/// Generates the locale into its own folder, which needs no privileges: glibc finds it by `LOCPATH`.
fn generate_german(folder: &Path) -> Result<()> {
    fs::create_dir(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    let output = Command::new("localedef")
        .args(["--no-archive", "--inputfile=de_DE", "--charmap=UTF-8"])
        .arg(folder.join("de_DE.UTF-8"))
        .output()
        .context("cannot run localedef")?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(folder.join("de_DE.UTF-8/LC_MESSAGES").exists(), "localedef: {error}");
    Ok(())
}

fn locales(folder: &Path) -> PathBuf {
    folder.join("locales")
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn log(folder: &Path) -> PathBuf {
    folder.join("server.log")
}

/// A port that is free at this moment.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
