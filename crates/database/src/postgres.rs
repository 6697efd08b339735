//! PostgreSQL connections: detection of dead peers, timeouts of statements.

mod error_tap;
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
use tokio_postgres::config::{Host, SslMode, SslNegotiation, TargetSessionAttrs};
use tokio_postgres::{Config, NoTls};

pub use pooler::{Pooler, PoolerError};

use error_tap::ErrorTap;

use crate::breaker::Breaker;

/// Planner settings for the statements of group commits: generic plans, index access by key.
///
/// By default each group would be planned anew, which takes longer than its execution, because the planner
/// guesses the length of arrays. A generic plan may be made while a table is nearly empty, so sequential
/// scans, the best choice then, are turned off.
pub(crate) const BY_KEY: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
     SET enable_hashjoin = off; SET enable_mergejoin = off;";

/// A pool of connections to the server at `url`, set up with the statements in `plans`.
///
/// Connections run on `runtime`: a busy HTTP worker must not delay the answers of others.
pub(crate) fn pool(
    url: &str,
    settings: &settings::Database,
    limits: Limits,
    runtime: Handle,
    plans: &str,
) -> Result<Pool<AsyncPgConnection>, ConnectionError> {
    let options = ConnectOptions::of(settings);
    let setup = format!("{} {plans}", timeouts(settings));
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |url| {
        let connecting = runtime.spawn(open(url.to_owned(), options, setup.clone()));
        async move { connecting.await.map_err(|e| ConnectionError::BadConnection(e.to_string()))? }
            .boxed()
    });
    let manager = AsyncDieselConnectionManager::new_with_config(url, config);
    pooling::build(manager, limits).map_err(|e| ConnectionError::BadConnection(e.to_string()))
}

/// The breaker of the pools of a server: it probes by logging in. A refused connection is an answer.
pub(crate) fn breaker(url: &str, settings: &settings::Database, runtime: Handle) -> Breaker {
    let (url, options) = (url.to_owned(), ConnectOptions::of(settings));
    Breaker::new(runtime.clone(), move || {
        let url = url.clone();
        let logging_in = async move { timeout(options.connect, log_in(&url, options)).await };
        let probe = runtime.spawn(logging_in);
        async move { drop(probe.await) }.boxed()
    })
}

/// Logs in and asks for nothing more: a pooler answers that without a free connection to the server.
async fn log_in(url: &str, options: ConnectOptions) -> Result<(), tokio_postgres::Error> {
    let mut config = config(url, options)?;
    config.target_session_attrs(TargetSessionAttrs::Any).connect(NoTls).await.map(drop)
}

/// The timeouts of a session. They are set by a statement, because a transaction-mode pooler refuses
/// them as start-up parameters; every connection sets the same ones.
fn timeouts(settings: &settings::Database) -> String {
    format!(
        "SET statement_timeout = {}; SET lock_timeout = {};
         SET idle_in_transaction_session_timeout = {};",
        settings.statement_timeout_ms,
        settings.lock_timeout_ms,
        settings.idle_in_transaction_timeout_ms,
    )
}

/// Opens a connection within the timeout. A server that accepts connections and never answers would
/// otherwise keep all of them open.
async fn open(
    url: String,
    options: ConnectOptions,
    setup: String,
) -> ConnectionResult<AsyncPgConnection> {
    let opening = async {
        let mut connection = connect(&url, options).await?;
        let set_up = connection.batch_execute(&setup).await;
        set_up.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connection)
    };
    let timed_out = |_| Err(ConnectionError::BadConnection("the server says nothing".to_owned()));
    timeout(options.connect, opening).await.unwrap_or_else(timed_out)
}

/// The timeouts of connecting, and of noticing that the server is gone.
#[derive(Clone, Copy)]
pub(crate) struct ConnectOptions {
    connect: Duration,
    keepalive_idle: Duration,
    user_timeout: Duration,
}

impl ConnectOptions {
    fn of(settings: &settings::Database) -> Self {
        Self {
            connect: Duration::from_millis(settings.create_timeout_ms),
            keepalive_idle: Duration::from_secs(settings.keepalive_idle_secs),
            user_timeout: Duration::from_millis(settings.tcp_user_timeout_ms),
        }
    }
}

impl Default for ConnectOptions {
    /// Half a minute in all, for migrations, which have no settings of their own.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            keepalive_idle: Duration::from_secs(10),
            user_timeout: Duration::from_secs(10),
        }
    }
}

/// Connects to a server that accepts writes: after a fail-over, to the new primary.
pub(crate) async fn connect(
    url: &str,
    options: ConnectOptions,
) -> ConnectionResult<AsyncPgConnection> {
    let mut config =
        config(url, options).map_err(|e| ConnectionError::InvalidConnectionUrl(format!("{e}")))?;
    if !can_be_tapped(&config) {
        let (client, connection) = config.connect(NoTls).await.map_err(|e| connection_error(&e))?;
        return AsyncPgConnection::try_from_client_and_connection(client, connection).await;
    }
    config.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
    let (client, connection) = config.connect(ErrorTap).await.map_err(|e| connection_error(&e))?;
    AsyncPgConnection::try_from_client_and_connection(client, connection).await
}

/// Whether the SQLSTATE of errors can be read off the connection: tokio-postgres wraps no Unix socket, and
/// a URL that demands TLS has to fail, because TLS is not supported.
fn can_be_tapped(config: &Config) -> bool {
    let is_tcp = |host: &Host| matches!(host, Host::Tcp(_));
    let hosts = config.get_hosts();
    config.get_ssl_mode() != SslMode::Require && !hosts.is_empty() && hosts.iter().all(is_tcp)
}

/// Detects a pooler in front of PostgreSQL.
///
/// # Errors
/// When the pooler cannot be used, or the database is unavailable.
pub async fn pooler(settings: &settings::Database) -> Result<Pooler, PoolerError> {
    match &settings.url {
        DatabaseUrl::Postgres(_) => {
            pooler::detect(&config(&settings.url.expose(), ConnectOptions::of(settings))?).await
        }
        DatabaseUrl::Sqlite(_) => Ok(Pooler::None),
    }
}

fn config(url: &str, options: ConnectOptions) -> Result<Config, tokio_postgres::Error> {
    let mut config: Config = url.parse()?;
    config
        .application_name("cardroom")
        .connect_timeout(options.connect)
        .keepalives_idle(options.keepalive_idle)
        .keepalives_interval(Duration::from_secs(5))
        .keepalives_retries(3)
        .tcp_user_timeout(options.user_timeout)
        .target_session_attrs(TargetSessionAttrs::ReadWrite);
    Ok(config)
}

fn connection_error(error: &tokio_postgres::Error) -> ConnectionError {
    let cause = std::error::Error::source(error).map(|e| format!(": {e}")).unwrap_or_default();
    ConnectionError::BadConnection(format!("{error}{cause}"))
}
