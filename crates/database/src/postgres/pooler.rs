//! Detection of a pooler in front of PostgreSQL.
//!
//! A pooler in transaction mode assigns another server connection to every transaction. Statements that
//! were prepared on one do not exist on the next, unless the pooler tracks them, as PgBouncer does since
//! 1.21.

use std::time::Duration;

use thiserror::Error;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error, NoTls};

/// The time that a statement waits for a pooler without a free server connection.
const POOLER_TIMEOUT: Duration = Duration::from_secs(1);

/// The pooler in front of PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooler {
    /// None, or one in session mode.
    None,
    /// One in transaction mode: session settings of one transaction do not hold for the next.
    Transaction,
    /// One that had no second server connection free, so its mode is unknown.
    Exhausted,
}

/// The reason why a pooler cannot be used, or not be detected.
#[derive(Debug, Error)]
pub enum PoolerError {
    /// It loses prepared statements.
    #[error(
        "the database is behind a pooler that loses prepared statements: let it keep them (PgBouncer \
         1.21 or newer with max_prepared_statements above 0), or use its session mode, or connect to \
         PostgreSQL itself"
    )]
    LosesStatements(#[source] Error),
    /// The database cannot be reached, or fails.
    #[error("cannot detect whether the database is behind a pooler")]
    Failed(#[from] Error),
}

/// Checks whether prepared statements and settings of one connection survive into its next transaction,
/// while another client connection occupies the server connection that the first one used.
pub(super) async fn detect(config: &Config) -> Result<Pooler, PoolerError> {
    let (ours, other) = (connect(config).await?, connect(config).await?);
    ours.batch_execute("SET cardroom.probe = 'here'").await?;
    let statement = ours.prepare("SELECT current_setting('cardroom.probe', true)").await?;
    other.batch_execute("BEGIN").await?;
    let found = timeout(POOLER_TIMEOUT, ours.query_one(&statement, &[])).await;
    other.batch_execute("ROLLBACK").await?;
    let Ok(found) = found else { return Ok(Pooler::Exhausted) };
    let setting: Option<String> = found.map_err(pooler_error)?.try_get(0)?;
    Ok(if setting.as_deref() == Some("here") { Pooler::None } else { Pooler::Transaction })
}

fn pooler_error(error: Error) -> PoolerError {
    let lost = [SqlState::INVALID_SQL_STATEMENT_NAME, SqlState::DUPLICATE_PSTATEMENT];
    if error.code().is_some_and(|code| lost.contains(code)) {
        PoolerError::LosesStatements(error)
    } else {
        PoolerError::Failed(error)
    }
}

async fn connect(config: &Config) -> Result<Client, Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        // It ends with the client; its errors are returned by the client's queries.
        let _ = connection.await;
    });
    Ok(client)
}
