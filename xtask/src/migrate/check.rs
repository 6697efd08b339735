//! `cargo xtask migrate check`: the migrations run, can be reverted, and lead to one schema.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, ensure};
use database::migrations;
use settings::DatabaseUrl;
use testkit::TestDatabase;

use super::{LOCK_WAIT_MAX, folders};
use crate::diff;
use crate::schema::{Schema, postgres, sqlite};
use crate::server::Server;

const SCHEMA: &str = "crates/database/src/schema.rs";

/// When the file is behind the databases.
const WRITE: &str = "`cargo xtask migrate schema` writes it";

/// When the databases differ from each other.
const MEND: &str = "the migrations lead to different tables on the two databases";

pub(crate) async fn run() -> Result<()> {
    let names = folders::names()?;
    let (sqlite, postgres) = databases().await?;
    for database in [&sqlite, &postgres.0] {
        there_and_back(database, &names).await?;
        println!("{}: {} migrations up, down and up again", database.kind, names.len());
    }
    let (sqlite, postgres) = schemas(&sqlite, &postgres.0).await?;
    let file = Path::new(SCHEMA);
    diff::compare(file, &postgres.to_string(), "PostgreSQL", WRITE)?;
    diff::compare(file, &sqlite.to_string(), "SQLite", MEND)?;
    println!("{SCHEMA} is what both databases have");
    Ok(())
}

pub(crate) async fn write_schema() -> Result<()> {
    folders::names()?;
    let (sqlite, postgres) = databases().await?;
    let (sqlite, postgres) = schemas(&sqlite, &postgres.0).await?;
    diff::write(Path::new(SCHEMA), &postgres.to_string())?;
    diff::compare(Path::new(SCHEMA), &sqlite.to_string(), "SQLite", MEND)
}

/// A migrated database of each kind, and the server that the second one needs.
async fn databases() -> Result<(TestDatabase, (TestDatabase, Server))> {
    let server = Server::given_or_started()?;
    let postgres = testkit::postgres_database(&server.url()).await?;
    Ok((testkit::sqlite_database().await?, (postgres, server)))
}

/// The schema of each database; where a type of SQLite could mean several, it means PostgreSQL's.
async fn schemas(sqlite: &TestDatabase, postgres: &TestDatabase) -> Result<(Schema, Schema)> {
    let postgres = Schema::of_postgres(postgres::catalog(&postgres.url).await?)?;
    let sqlite = Schema::of_sqlite(sqlite::catalog(&sqlite.url)?, &postgres)?;
    Ok((sqlite, postgres))
}

/// Reverts every migration and runs it again, on a migrated database.
async fn there_and_back(database: &TestDatabase, names: &BTreeSet<String>) -> Result<()> {
    let (kind, url) = (database.kind, &database.url);
    let known: BTreeSet<_> = migrations::status(url).await?.into_iter().map(|it| it.name).collect();
    ensure!(known == *names, "the build does not hold the migrations of the folders: {known:?}");
    let before = catalog(url).await?;
    while migrations::revert(url).await?.is_some() {}
    let left: Vec<_> = catalog(url).await?.into_iter().map(|table| table.name).collect();
    ensure!(left.is_empty(), "{kind}: no down.sql drops {}", left.join(", "));
    migrations::up(url, LOCK_WAIT_MAX).await?;
    ensure!(catalog(url).await? == before, "{kind}: the tables differ the second time");
    Ok(())
}

async fn catalog(url: &DatabaseUrl) -> Result<Vec<crate::schema::CatalogTable>> {
    match url {
        DatabaseUrl::Sqlite(_) => sqlite::catalog(url),
        DatabaseUrl::Postgres(_) => postgres::catalog(url).await,
    }
}
