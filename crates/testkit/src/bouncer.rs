//! PgBouncer in front of a temporary cluster, in transaction mode.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::cluster::account::{self, Account};
use crate::cluster::{self, Cluster};

/// The variable that names another program than the one in the PATH.
pub const PROGRAM: &str = "CARDROOM_PGBOUNCER";

/// Debian's folder of the program, which only root has in its PATH.
const DEBIAN: &str = "/usr/sbin";

/// Longest time of a start.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// The first version that supports prepared statements in transaction mode.
const KEEPS_STATEMENTS: (u32, u32) = (1, 21);

/// A running pooler; dropping it stops it.
#[derive(Debug)]
pub struct Bouncer {
    process: Child,
    port: u16,
    folder: TempDir,
}

impl Bouncer {
    /// The program, if it is installed, and whether it supports prepared statements.
    pub fn program() -> Option<(PathBuf, bool)> {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&path).chain([DEBIAN.into()]);
        let found = folders.map(|folder| folder.join("pgbouncer")).find(|it| it.is_file());
        let program = env::var_os(PROGRAM).map(PathBuf::from).or(found)?;
        let version = version(&program)?;
        Some((program, version >= KEEPS_STATEMENTS))
    }

    /// Starts `program` in front of the initial database of a cluster, with a pool of `connections`.
    /// `statements` is the number of prepared statements that it keeps; `None` for a program without
    /// support for them.
    ///
    /// The calling thread has to outlive it, as with [`Cluster::start`].
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(
        program: &Path,
        cluster: &Cluster,
        connections: u32,
        statements: Option<u32>,
    ) -> Result<Self> {
        let account = Account::for_server()?;
        let folder = cluster::folder(account.as_ref())?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, settings(cluster, port, connections, statements)?)?;
        let process = account::command(account.as_ref(), program)
            .arg("--quiet")
            .arg(&file)
            .current_dir(&folder)
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.path().join("log"))?)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let mut bouncer = Self { process, port, folder };
        bouncer.wait()?;
        Ok(bouncer)
    }

    /// The URL of the database behind it.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn wait(&mut self) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < START_TIMEOUT {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return Ok(());
            }
            if let Some(status) = self.process.try_wait()? {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                bail!("PgBouncer ended ({status}): {}", log.trim());
            }
            thread::sleep(Duration::from_millis(10));
        }
        bail!("PgBouncer did not start")
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn settings(
    cluster: &Cluster,
    port: u16,
    connections: u32,
    statements: Option<u32>,
) -> Result<String> {
    let url = cluster.url();
    let parts = url.strip_prefix("postgres://").and_then(|it| it.split_once('@'));
    let (credentials, place) = parts.context("a URL of another kind")?;
    let (user, password) = credentials.split_once(':').context("no password")?;
    let (address, name) = place.split_once('/').context("no database")?;
    let (host, server) = address.split_once(':').context("no port")?;
    let statements =
        statements.map_or(String::new(), |it| format!("max_prepared_statements = {it}\n"));
    Ok(format!(
        "[databases]\n\
         {name} = host={host} port={server} user={user} password={password} dbname={name}\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = any\n\
         pool_mode = transaction\n\
         default_pool_size = {connections}\n\
         max_client_conn = 200\n\
         {statements}"
    ))
}

/// As in `PgBouncer 1.18.0`.
fn version(program: &Path) -> Option<(u32, u32)> {
    let output = Command::new(program).arg("--version").output().ok()?;
    parse_version(std::str::from_utf8(&output.stdout).ok()?)
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.lines().next()?.strip_prefix("PgBouncer ")?.trim().split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn a_version_is_compared_as_numbers() {
        assert_eq!(parse_version("PgBouncer 1.18.0\nlibevent 2.1.12"), Some((1, 18)));
        assert!(parse_version("PgBouncer 1.9.0") < parse_version("PgBouncer 1.21.0"));
        assert_eq!(parse_version("pgbouncer"), None);
    }
}
