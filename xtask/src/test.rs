//! `cargo xtask test`: all tests, with a PostgreSQL server for those that need one.

use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::{ExitStatus, Stdio};

use anyhow::{Result, ensure};
use testkit::{Kind, LEFT_OUT, SERVER};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::commands::cargo;
use crate::interop;
use crate::server::Server;
use crate::tally::Tally;

/// Run the tests, on SQLite and on PostgreSQL.
///
/// Needs no set-up: SQLite is built in, and for PostgreSQL a throw-away server is started from the
/// installed programs, unless `TEST_DATABASE_URL` names a server on which the tests may create
/// databases. As root on Debian, missing programs are installed.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Run only the tests whose name contains one of these.
    filter: Vec<String>,
    /// Leave out the tests of the other database.
    #[arg(long, value_name = "sqlite|postgres")]
    db: Option<Kind>,
    /// Install the client packages, and run only the tests that drive them.
    ///
    /// Against the release build. Needs Node and Python; the other runs leave these tests out.
    #[arg(long)]
    interop: bool,
    /// Passed on to each test binary, such as `--nocapture`.
    #[arg(last = true)]
    options: Vec<String>,
}

impl Arguments {
    /// The databases that are tested.
    fn kinds(&self) -> Vec<Kind> {
        self.db.map_or_else(|| vec![Kind::Sqlite, Kind::Postgres], |kind| vec![kind])
    }

    /// The arguments of the test binaries.
    fn for_libtest(&self) -> Vec<&str> {
        let mut arguments: Vec<&str> = self.filter.iter().map(String::as_str).collect();
        if self.interop {
            arguments.extend(["interop::", "--test-threads=2"]);
        }
        match self.db {
            Some(Kind::Sqlite) => arguments.extend(["--skip", "::postgres"]),
            Some(Kind::Postgres) => arguments.extend(["--skip", "::sqlite"]),
            None => {}
        }
        arguments.extend(self.options.iter().map(String::as_str));
        arguments
    }
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let kinds = arguments.kinds();
    let server = kinds.contains(&Kind::Postgres).then(Server::given_or_started).transpose()?;
    let mut tests = command(&arguments, server.as_ref());
    if arguments.interop {
        tests.env("CARDROOM_PROGRAM", interop::build().await?);
        tests.env("CARDROOM_INTEROP", interop::install().await?);
    }
    let left_out = tempfile::NamedTempFile::new()?;
    tests.env(LEFT_OUT, left_out.path());
    let (status, mut tally) = run_and_count(&mut tests).await?;
    tally.leave_out(&fs::read_to_string(left_out.path())?);
    println!("\n{tally}");
    ensure!(status.success(), "the tests failed: {status}");
    if arguments.filter.is_empty() && !arguments.interop {
        tally.covers(&kinds)?;
    }
    Ok(())
}

fn command(arguments: &Arguments, server: Option<&Server>) -> Command {
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-fail-fast"]);
    if let Some(server) = server {
        command.env(SERVER, server.url());
    }
    let colored = io::stdout().is_terminal();
    if colored {
        command.arg("--color=always");
    }
    command.arg("--").args(arguments.for_libtest());
    if colored {
        command.arg("--color=always");
    }
    command
}

/// Runs the command, passing on its output as it comes.
async fn run_and_count(command: &mut Command) -> Result<(ExitStatus, Tally)> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut tally = Tally::default();
    if let Some(output) = child.stdout.take() {
        let mut lines = BufReader::new(output).split(b'\n');
        while let Some(line) = lines.next_segment().await? {
            let line = String::from_utf8_lossy(&line);
            tally.read(&line);
            writeln!(io::stdout(), "{line}")?;
        }
    }
    Ok((child.wait().await?, tally))
}
