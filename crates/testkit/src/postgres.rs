//! A fresh PostgreSQL database: a copy of a template that was migrated once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow, bail};
use settings::DatabaseUrl;
use tokio::runtime;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::kind::SERVER;
use crate::migrated::{fingerprint, migrate};

/// Age from which a database is considered left over, in seconds. No test takes that long.
const STALE_AFTER_SECS: u64 = 3600;

/// The key of the advisory lock under which the template is made: "card" in ASCII.
const LOCK: i64 = 0x6361_7264;

const END_SESSIONS: &str =
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1";

const DEADLOCKS: &str = "SELECT deadlocks FROM pg_stat_database WHERE datname = $1";

/// A database on the server; dropping the value drops the database.
#[derive(Debug)]
pub(crate) struct Scratch {
    server: String,
    name: String,
    /// Whether the test is about deadlocks; any other test fails when there was one.
    deadlocks_expected: AtomicBool,
}

/// All tests of a process use one server.
pub(crate) async fn fresh(server: &str) -> Result<(DatabaseUrl, Scratch)> {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let client = connect(server).await?;
    let template = TEMPLATE.get_or_try_init(|| template(server, &client)).await?;
    let name = format!("cardroom_test_{}_{}", now()?, Uuid::new_v4().simple());
    client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
    let url = at(server, &name)?.parse().map_err(|e| anyhow!("{SERVER}: {e}"))?;
    let server = server.to_owned();
    Ok((url, Scratch { server, name, deadlocks_expected: AtomicBool::new(false) }))
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .with_context(|| format!("cannot connect to the server that {SERVER} names"))?;
    tokio::spawn(connection);
    Ok(client)
}

/// The migrated template, made by the first process that needs it. Also drops databases that were left over.
async fn template(server: &str, client: &Client) -> Result<String> {
    let name = format!("cardroom_template_{}", fingerprint("postgres")?);
    client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await?;
    let made = make_template(server, client, &name).await;
    let swept = drop_stale(client).await;
    client.execute("SELECT pg_advisory_unlock($1)", &[&LOCK]).await?;
    made.and(swept).map(|()| name)
}

/// Makes the template under another name and renames it, so it is complete or does not exist.
async fn make_template(server: &str, client: &Client, name: &str) -> Result<()> {
    let exists = "SELECT 1 FROM pg_database WHERE datname = $1";
    if client.query_opt(exists, &[&name]).await?.is_some() {
        return Ok(());
    }
    let draft = format!("{name}_draft");
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)")).await?;
    client.batch_execute(&format!("CREATE DATABASE {draft}")).await?;
    let url = at(server, &draft)?.parse().map_err(|e| anyhow!("{SERVER}: {e}"))?;
    migrate(&url, "postgres").await?;
    client.batch_execute(&format!("ALTER DATABASE {draft} ALLOW_CONNECTIONS false")).await?;
    client.batch_execute(&format!("ALTER DATABASE {draft} RENAME TO {name}")).await?;
    Ok(())
}

/// Drops databases that killed tests left over; their names contain the time of creation.
async fn drop_stale(client: &Client) -> Result<()> {
    let ours = "SELECT datname FROM pg_database WHERE datname LIKE 'cardroom\\_test\\_%'";
    let now = now()?;
    for row in client.query(ours, &[]).await? {
        let name: String = row.get(0);
        let born = name.split('_').nth(2).and_then(|secs| secs.parse::<u64>().ok());
        if born.is_some_and(|born| born + STALE_AFTER_SECS < now) {
            client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        }
    }
    Ok(())
}

/// The same server, another database.
fn at(server: &str, database: &str) -> Result<String> {
    let (address, options) = match server.split_once('?') {
        Some((address, options)) => (address, format!("?{options}")),
        None => (server, String::new()),
    };
    let Some((scheme, rest)) = address.split_once("://") else {
        bail!("{SERVER} does not look like postgres://user:password@host:5432/name");
    };
    let authority = rest.split('/').next().unwrap_or(rest);
    Ok(format!("{scheme}://{authority}/{database}{options}"))
}

fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

impl Drop for Scratch {
    /// Waits until the database is dropped, on another thread, since the test's runtime may be unwinding.
    /// After a failure the next sweep drops it.
    ///
    /// # Panics
    /// When PostgreSQL had to end a deadlock in this database: locks are taken in one order.
    fn drop(&mut self) {
        let removed = thread::scope(|scope| scope.spawn(|| self.remove()).join());
        let deadlocks = removed.ok().and_then(Result::ok).unwrap_or_default();
        let is_expected = self.deadlocks_expected.load(Ordering::Relaxed) || thread::panicking();
        assert!(
            is_expected || deadlocks == 0,
            "{deadlocks} deadlocks in the database of this test"
        );
    }
}

impl Scratch {
    pub(crate) fn expect_deadlocks(&self) {
        self.deadlocks_expected.store(true, Ordering::Relaxed);
    }

    /// Removes the database; returns the deadlocks that PostgreSQL ended in it.
    fn remove(&self) -> Result<i64> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let client = connect(&self.server).await?;
            let name = &self.name;
            // A session reports its deadlocks when it ends, at the latest.
            client.execute(END_SESSIONS, &[name]).await?;
            let deadlocks = client.query_opt(DEADLOCKS, &[name]).await?;
            client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
            Ok(deadlocks.map_or(0, |row| row.get(0)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::at;

    fn check(server: &str, expected: &str) {
        assert_eq!(at(server, "new").unwrap(), expected);
    }

    #[test]
    fn only_the_name_of_the_database_changes() {
        check("postgres://localhost", "postgres://localhost/new");
        check("postgres://me:pw@db:5433/old", "postgres://me:pw@db:5433/new");
        check("postgresql://db/old?sslmode=require", "postgresql://db/new?sslmode=require");
        assert!(at("localhost/old", "new").is_err());
    }
}
