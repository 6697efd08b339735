//! The process: its start, its stop, and its behavior without a database.

mod busy;
mod canaries;
mod closed;
mod command_line;
mod crowd;
mod file_gone;
mod line;
mod lost;
mod refreshed;
mod session;
mod start;
pub(crate) mod stop;

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Names another build of the program to test.
const PROGRAM: &str = "CARDROOM_PROGRAM";

/// The program.
fn program() -> OsString {
    std::env::var_os(PROGRAM).unwrap_or_else(|| env!("CARGO_BIN_EXE_cardroom").into())
}

/// The program, with only these variables in its environment.
fn cardroom(variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program());
    command.env_clear().envs(variables.iter().copied());
    command
}

/// A server in a process of its own; dropping it kills it.
pub(crate) struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
    log: PathBuf,
    _folder: TempDir,
}

impl Process {
    /// Starts a server on the database at `url`, with the `test` profile.
    fn start(url: &str) -> Self {
        Self::start_with(url, &[])
    }

    /// The same, with some settings of its own, named as in the environment.
    pub(crate) fn start_with(url: &str, changes: &[(&str, &str)]) -> Self {
        Self::start_by(cardroom(&[]), url, changes)
    }

    /// The same, by another command.
    fn start_by(mut command: Command, url: &str, changes: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let log = folder.path().join("log");
        let variables = [
            ("CARDROOM_PROFILE", "test"),
            ("DATABASE_URL", url),
            ("CARDROOM__LOG__FILTER", "info"),
        ];
        let mut child = command
            .envs(variables)
            .envs(changes.iter().copied())
            .current_dir(&folder)
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output, log, _folder: folder }
    }

    /// Waits until it serves. Returns its address.
    pub(crate) fn address(&mut self) -> String {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            if let Some((_, address)) = line.split_once("Address") {
                return address.trim().to_owned();
            }
            line.clear();
        }
        panic!("the server did not start: {}", self.log());
    }

    /// Waits until it logs in JSON that it serves. Returns its address.
    fn logged_address(&self) -> String {
        for _ in 0..3000 {
            let address = self.log().lines().find_map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).ok()?;
                Some(format!("http://{}", line.get("address")?.as_str()?))
            });
            if let Some(address) = address {
                return address;
            }
            sleep(Duration::from_millis(10));
        }
        panic!("the server did not start: {}", self.log());
    }

    /// Its exit status, if it has ended.
    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Its log so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Its id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it without notice.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Asks it to stop, and waits until it has, as long as Cloud Run would.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.ask_to_stop();
        self.wait()
    }

    /// Asks it to stop.
    fn ask_to_stop(&self) {
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it has stopped, as long as Cloud Run would.
    fn wait(&mut self) -> ExitStatus {
        for _ in 0..1000 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            sleep(Duration::from_millis(10));
        }
        panic!("the server did not stop: {}", self.log());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
