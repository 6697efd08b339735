//! `cargo xtask migrate`: the migrations of both databases.

mod check;
mod folders;
mod new;

use std::env;
use std::time::Duration;

use anyhow::{Context as _, Result};
use database::migrations;
use settings::DatabaseUrl;

/// Longest wait for a server that migrates the same database.
const LOCK_WAIT_MAX: Duration = Duration::from_mins(2);

/// Variables that name the database, in order of precedence.
const VARIABLES: [&str; 2] = ["DIRECT_DATABASE_URL", "DATABASE_URL"];

/// The database of a server without settings.
const DEFAULT: &str = "sqlite://data/cardroom.db";

/// Run, check and write migrations, of SQLite and of PostgreSQL.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Run the migrations that the database does not have yet.
    Up(Target),
    /// List the migrations, and which of them the database has.
    Status(Target),
    /// Revert the migration that ran last.
    Revert(Target),
    /// Write the folders of a new migration, one for each database.
    New(new::Arguments),
    /// Run, revert and run again every migration on both databases, and compare the Diesel schema
    /// with what they lead to.
    Check,
    /// Write the Diesel schema, crates/database/src/schema.rs, from the migrated databases.
    Schema,
}

/// The database that a task works on.
#[derive(Debug, clap::Args)]
pub(crate) struct Target {
    /// `sqlite://path` or `postgres://user:password@host:5432/name`; otherwise what
    /// `DIRECT_DATABASE_URL` or `DATABASE_URL` says, or else `sqlite://data/cardroom.db`.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

impl Target {
    fn url(self) -> Result<DatabaseUrl> {
        let named = VARIABLES.iter().find_map(|it| env::var(it).ok().filter(|url| !url.is_empty()));
        let url = self.database_url.or(named).unwrap_or_else(|| DEFAULT.to_owned());
        url.parse().context("the URL of the database")
    }
}

pub(crate) async fn run(task: Task) -> Result<()> {
    match task {
        Task::Up(target) => up(&target.url()?).await,
        Task::Status(target) => status(&target.url()?).await,
        Task::Revert(target) => revert(&target.url()?).await,
        Task::New(arguments) => new::run(&arguments),
        Task::Check => check::run().await,
        Task::Schema => check::write_schema().await,
    }
}

async fn up(url: &DatabaseUrl) -> Result<()> {
    let names = migrations::up(url, LOCK_WAIT_MAX).await?;
    for name in &names {
        println!("ran {name}");
    }
    println!("{url} is up to date");
    Ok(())
}

async fn status(url: &DatabaseUrl) -> Result<()> {
    println!("{url}");
    for migration in migrations::status(url).await? {
        println!("[{}] {}", if migration.applied { 'x' } else { ' ' }, migration.name);
    }
    Ok(())
}

async fn revert(url: &DatabaseUrl) -> Result<()> {
    let last = migrations::status(url).await?.into_iter().rfind(|it| it.applied);
    match (migrations::revert(url).await?, last) {
        (Some(_), Some(last)) => println!("reverted {}", last.name),
        _ => println!("{url} has no migration to revert"),
    }
    Ok(())
}
