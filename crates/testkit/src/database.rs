//! A database for one test.

use std::env;

use anyhow::{Result, anyhow};
use settings::DatabaseUrl;

use crate::kind::{Kind, SERVER, kind};
use crate::{postgres, sqlite};

/// A migrated, empty database for one test; dropping it removes it.
#[derive(Debug)]
pub struct TestDatabase {
    /// The kind of database.
    pub kind: Kind,
    /// Its URL.
    pub url: DatabaseUrl,
    remains: Remains,
}

impl TestDatabase {
    /// Allows deadlocks in this database, for a test that causes some. Any other test fails after one.
    pub fn expect_deadlocks(&self) {
        if let Remains::Postgres { database } = &self.remains {
            database.expect_deadlocks();
        }
    }
}

/// The files or the database to be removed on drop.
#[derive(Debug)]
enum Remains {
    Sqlite { _folder: tempfile::TempDir },
    Postgres { database: postgres::Scratch },
}

/// A fresh database of the kind that the running test is about.
///
/// # Panics
/// When it cannot be created; the message has the reason.
pub async fn database() -> TestDatabase {
    let fresh = match kind() {
        Kind::Sqlite => sqlite_database().await,
        Kind::Postgres => match env::var(SERVER) {
            Ok(server) => postgres_database(&server).await,
            Err(error) => Err(anyhow!("{SERVER}: {error}")),
        },
    };
    fresh.unwrap_or_else(|e| panic!("no fresh {} database: {e:#}", kind()))
}

/// A fresh SQLite file in a temporary folder. Needs a multi-thread runtime.
///
/// # Errors
/// When a migration fails.
pub async fn sqlite_database() -> Result<TestDatabase> {
    let (url, folder) = sqlite::fresh().await?;
    Ok(TestDatabase { kind: Kind::Sqlite, url, remains: Remains::Sqlite { _folder: folder } })
}

/// A fresh database on the PostgreSQL server at `server`, a URL of a user who may create
/// databases. Needs a multi-thread runtime.
///
/// # Errors
/// When the server cannot be reached or a migration fails.
pub async fn postgres_database(server: &str) -> Result<TestDatabase> {
    let (url, database) = postgres::fresh(server).await?;
    let remains = Remains::Postgres { database };
    Ok(TestDatabase { kind: Kind::Postgres, url, remains })
}
