//! PostgreSQL: connections that notice a dead peer and queries that cannot run for ever.

mod pooler;

use std::time::Duration;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures::FutureExt;
use pooling::Limits;
use settings::DatabaseUrl;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::{Config, NoTls};

pub use pooler::{Pooler, PoolerError};

/// How the planner is told to plan the statements of a group once, and to find every row by its key.
///
/// It would plan them anew for every group, because it guesses how long arrays are that it has not seen,
/// and that takes longer than the work. But the plan may be made while a table is nearly empty: reading
/// all of it, which was best then, would be kept to.
pub(crate) const BY_KEY: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
     SET enable_hashjoin = off; SET enable_mergejoin = off;";

/// A pool of connections to the server at `url`, set up with the statements in `plans`.
///
/// Connections live on `runtime`: a busy HTTP worker must not hold up the answers of others.
pub(crate) fn pool(
    url: &str,
    settings: &settings::Database,
    limits: Limits,
    runtime: Handle,
    plans: &str,
) -> Result<Pool<AsyncPgConnection>, ConnectionError> {
    let line = Line::of(settings);
    let setup = format!("{} {plans}", timeouts(settings));
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |url| {
        let connecting = runtime.spawn(open(url.to_owned(), line, setup.clone()));
        async move { connecting.await.map_err(|e| ConnectionError::BadConnection(e.to_string()))? }
            .boxed()
    });
    let manager = AsyncDieselConnectionManager::new_with_config(url, config);
    pooling::build(manager, limits).map_err(|e| ConnectionError::BadConnection(e.to_string()))
}

/// The session's own limits. They are set by a statement, because a transaction-mode pooler
/// refuses them as start-up parameters; every connection of ours sets the same.
fn timeouts(settings: &settings::Database) -> String {
    format!(
        "SET statement_timeout = {}; SET lock_timeout = {};
         SET idle_in_transaction_session_timeout = {};",
        settings.statement_timeout_ms,
        settings.lock_timeout_ms,
        settings.idle_in_transaction_timeout_ms,
    )
}

/// A server that takes connections and says nothing would keep all of them: whoever asked has gone
/// by then.
async fn open(url: String, line: Line, setup: String) -> ConnectionResult<AsyncPgConnection> {
    let opening = async {
        let mut connection = connect(&url, line).await?;
        let set_up = connection.batch_execute(&setup).await;
        set_up.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connection)
    };
    let silent = |_| Err(ConnectionError::BadConnection("the server says nothing".to_owned()));
    timeout(line.connect, opening).await.unwrap_or_else(silent)
}

/// How a vanished server is noticed.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    connect: Duration,
    keepalive_idle: Duration,
    user_timeout: Duration,
}

impl Line {
    fn of(settings: &settings::Database) -> Self {
        Self {
            connect: Duration::from_millis(settings.create_timeout_ms),
            keepalive_idle: Duration::from_secs(settings.keepalive_idle_secs),
            user_timeout: Duration::from_millis(settings.tcp_user_timeout_ms),
        }
    }
}

impl Default for Line {
    /// Within half a minute, for migrations, which have no settings of their own.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            keepalive_idle: Duration::from_secs(10),
            user_timeout: Duration::from_secs(10),
        }
    }
}

/// Connects, and only to a server that takes writes, so that a fail-over leads to the new primary.
pub(crate) async fn connect(url: &str, line: Line) -> ConnectionResult<AsyncPgConnection> {
    let config =
        config(url, line).map_err(|e| ConnectionError::InvalidConnectionUrl(format!("{e}")))?;
    let (client, connection) = config.connect(NoTls).await.map_err(|e| refused(&e))?;
    AsyncPgConnection::try_from_client_and_connection(client, connection).await
}

/// Finds out what stands before the PostgreSQL of the settings.
///
/// # Errors
/// When a pooler stands there that cannot be used, or the database is away.
pub async fn pooler(settings: &settings::Database) -> Result<Pooler, PoolerError> {
    match &settings.url {
        DatabaseUrl::Postgres(_) => {
            pooler::explore(&config(&settings.url.expose(), Line::of(settings))?).await
        }
        DatabaseUrl::Sqlite(_) => Ok(Pooler::None),
    }
}

fn config(url: &str, line: Line) -> Result<Config, tokio_postgres::Error> {
    let mut config: Config = url.parse()?;
    config
        .application_name("cardroom")
        .connect_timeout(line.connect)
        .keepalives_idle(line.keepalive_idle)
        .keepalives_interval(Duration::from_secs(5))
        .keepalives_retries(3)
        .tcp_user_timeout(line.user_timeout)
        .target_session_attrs(TargetSessionAttrs::ReadWrite);
    Ok(config)
}

fn refused(error: &tokio_postgres::Error) -> ConnectionError {
    let cause = std::error::Error::source(error).map(|e| format!(": {e}")).unwrap_or_default();
    ConnectionError::BadConnection(format!("{error}{cause}"))
}
