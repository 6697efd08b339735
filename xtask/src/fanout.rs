//! `cargo xtask fanout`: the package `fanout` does the work; here it is built, and the servers that it
//! compares ours with are installed from their lock file.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::commands::{self, program, release_folder};
use crate::interop::npm_ci;

/// Where the other servers and their lock file are.
const SERVERS: &str = "xtask/fanout/servers";

/// Measure what a broadcast costs, beside `ws` and Socket.IO in the same run
///
/// One room of 500 and 100 rooms of 5, at saturation and at half load; then 10,000 sockets that only
/// are there. The servers have the first core, one after the other, and this the second. `floor` is no
/// server: it shows what the kernel takes for a frame that is sent by itself. Takes seven minutes, and
/// needs Node and 25,000 open files.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What `fanout` takes, such as `--rounds 3`, `--idle-only` or `--alone`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    commands::build_release().await?;
    let servers = install().await?;
    let folder = release_folder()?;
    let database = testkit::sqlite_database().await?;
    let mut fanout = program(&folder.join("fanout").to_string_lossy());
    fanout.arg(folder.join("cardroom")).arg(servers).args(&arguments.words);
    fanout.env("DATABASE_URL", &*database.url.expose());
    commands::run(&mut fanout).await
}

/// Installs the other servers beside the builds; gives the folder.
async fn install() -> Result<PathBuf> {
    let place = release_folder()?.with_file_name("fanout-servers");
    fs::create_dir_all(&place)?;
    for file in ["package.json", "package-lock.json", "ws.mjs", "socket-io.mjs"] {
        let from = Path::new(SERVERS).join(file);
        fs::copy(from, place.join(file)).with_context(|| format!("cannot copy {file}"))?;
    }
    npm_ci(&place).await?;
    Ok(place)
}
