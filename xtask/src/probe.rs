//! `cargo xtask smoke` and `cargo xtask footprint`: the release build, seen from outside.
//!
//! The package `probe` does the work; here it is built and given databases, for `bench`, `crash` and
//! `stop` as well.

use anyhow::Result;
use testkit::{Kind, TestDatabase};
use tokio::process::Command;

use crate::commands::{self, program, release_folder};
use crate::server::Server;

/// Start the release build and put it under load for a few seconds, checking every answer.
///
/// Logs in, opens a room, and lets fifty tasks join it, save states and read it at once; then
/// reads back what was promised, and stops the server.
#[derive(Debug, clap::Args)]
pub(crate) struct SmokeArguments {
    /// Leave out the other database.
    #[arg(long, value_name = "sqlite|postgres")]
    db: Option<Kind>,
}

pub(crate) async fn smoke(arguments: &SmokeArguments) -> Result<()> {
    build().await?;
    let kinds = arguments.db.map_or_else(|| vec![Kind::Sqlite, Kind::Postgres], |it| vec![it]);
    for kind in kinds {
        match kind {
            Kind::Sqlite => smoke_on(&testkit::sqlite_database().await?).await?,
            Kind::Postgres => {
                let server = Server::given_or_started()?;
                smoke_on(&testkit::postgres_database(&server.url()).await?).await?;
            }
        }
    }
    Ok(())
}

async fn smoke_on(database: &TestDatabase) -> Result<()> {
    println!("smoke on {}", database.kind);
    commands::run(command("smoke")?.env("DATABASE_URL", &*database.url.expose())).await
}

pub(crate) async fn footprint() -> Result<()> {
    build().await?;
    commands::run(&mut command("footprint")?).await
}

/// Builds the server and `probe` as they are released.
pub(crate) async fn build() -> Result<()> {
    commands::build_release().await
}

/// `probe` with this task, on the release build of the server.
pub(crate) fn command(task: &str) -> Result<Command> {
    let folder = release_folder()?;
    let mut command = program(&folder.join("probe").to_string_lossy());
    command.arg(task).arg(folder.join("cardroom"));
    Ok(command)
}
