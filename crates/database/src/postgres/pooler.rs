//! Whether a pooler stands before PostgreSQL, and whether it can be used.
//!
//! A pooler in transaction mode lends another connection for every transaction. What was prepared on
//! one is not there on the next, unless the pooler sees to it, as PgBouncer does from 1.21 on.

use std::time::Duration;

use thiserror::Error;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error, NoTls};

/// How long a statement waits for a pooler that has no connection to lend.
const PATIENCE: Duration = Duration::from_secs(1);

/// What stands before PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooler {
    /// Nothing, or a pooler that lends a connection for as long as ours lasts.
    None,
    /// A pooler that lends another connection for every transaction: what is set on one does not
    /// hold on the next.
    Transaction,
    /// A pooler that had no second connection to lend, so that nothing could be found out.
    Exhausted,
}

/// Why a pooler cannot be used, or not be seen.
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
    #[error("the database cannot be asked what stands before it")]
    Failed(#[from] Error),
}

/// Tries whether what is prepared and set by one connection is there in its next transaction, while
/// another connection holds what the first one had been lent.
pub(super) async fn explore(config: &Config) -> Result<Pooler, PoolerError> {
    let (ours, other) = (connect(config).await?, connect(config).await?);
    ours.batch_execute("SET cardroom.probe = 'here'").await?;
    let statement = ours.prepare("SELECT current_setting('cardroom.probe', true)").await?;
    other.batch_execute("BEGIN").await?;
    let found = timeout(PATIENCE, ours.query_one(&statement, &[])).await;
    other.batch_execute("ROLLBACK").await?;
    let Ok(found) = found else { return Ok(Pooler::Exhausted) };
    let setting: Option<String> = found.map_err(judge)?.try_get(0)?;
    Ok(if setting.as_deref() == Some("here") { Pooler::None } else { Pooler::Transaction })
}

fn judge(error: Error) -> PoolerError {
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
        // It ends with the client; what went wrong is told to whoever asked.
        let _ = connection.await;
    });
    Ok(client)
}
