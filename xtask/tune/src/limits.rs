//! The limits of a PostgreSQL server that can be queried.

use anyhow::{Context as _, Result};
use stress::machine::Machine;
use tokio_postgres::{Client, NoTls};

use crate::target::{Database, Postgres};

pub(crate) fn is_url(name: &str) -> bool {
    name.starts_with("postgres://") || name.starts_with("postgresql://")
}

/// Asks the server at `url`, which is taken to be on this machine.
pub(crate) async fn of(url: &str) -> Result<Database> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.context("cannot connect")?;
    let connection = tokio::spawn(connection);
    let reserved = setting(&client, "superuser_reserved_connections").await?
        + setting(&client, "reserved_connections").await.unwrap_or_default();
    let others = client.query_one(OTHERS, &[]).await?.get::<_, i64>(0);
    let limits = Postgres {
        plan: "measured".to_owned(),
        connections: setting(&client, "max_connections").await?,
        reserved,
        others: usize::try_from(others)?,
        cores: Machine::here().cores,
        apart: false,
        round_trip_ms: 0.0,
        pooler_clients: 0,
        pooler_size: 0,
    };
    drop(client);
    connection.await??;
    Ok(Database::Postgres(limits))
}

/// Other connections that count against `max_connections`.
const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' \
                      AND pid <> pg_backend_pid()";

async fn setting(client: &Client, name: &str) -> Result<usize> {
    let query = "SELECT current_setting($1)";
    let text: String = client.query_one(query, &[&name]).await?.get(0);
    text.parse().with_context(|| format!("{name} is {text}"))
}
