//! The life of the process: migrate, open, serve, drain.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::{Server, ServerHandle};
use actix_web::web::Data;
use admission::{HashingLane, RateLimits};
use anyhow::Context;
use auth::mail::Mailer;
use auth::{Accounts, Auth, Passes, Tokens, demo};
use settings::{LogFormat, Settings};
use store::group_commit::Drain;
use store::{Db, migrations};
use telemetry::metrics::Registry;
use tokio::runtime::Handle;
use tracing::{info, warn};

use crate::app::{self, Shared};
use crate::banner;
use crate::housekeeping::Housekeeping;
use crate::writers::Writers;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// Serves on the address of the settings until SIGTERM or ctrl-c.
///
/// # Errors
/// When the address is taken, or the database cannot be opened or migrated.
pub async fn run(settings: Settings) -> anyhow::Result<()> {
    let address = (settings.server.host, settings.server.port);
    let listener = TcpListener::bind(address)
        .with_context(|| format!("cannot listen on {}:{}", address.0, address.1))?;
    start(listener, settings).await?.finish().await?;
    info!("cardroom has stopped");
    Ok(())
}

/// How long writes may still take after the last request was answered or cut off. With the longest
/// grace it makes the 8.5 seconds within which the process ends.
const DRAIN_MAX: Duration = Duration::from_millis(500);

/// A server that runs while [`Running::finish`] is awaited.
pub struct Running {
    server: Server,
    drain: Drain,
    housekeeping: Housekeeping,
}

impl Running {
    /// What stops the server.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Serves until it is stopped, and then until all writes that were taken in are committed.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn finish(self) -> io::Result<()> {
        self.server.await?;
        drop(self.housekeeping);
        if tokio::time::timeout(DRAIN_MAX, self.drain.finish()).await.is_err() {
            warn!("some writes were still under way when the time to stop was over");
        }
        Ok(())
    }
}

/// Starts serving on a socket that is bound already.
///
/// # Errors
/// When the database cannot be opened or migrated.
pub async fn start(listener: TcpListener, settings: Settings) -> anyhow::Result<Running> {
    let registry = telemetry::metrics::registry().context("cannot measure")?;
    let auth = open(&settings).await?;
    if settings.auth.demo_accounts {
        demo::create_missing(&auth).await.context("cannot create the demo accounts")?;
    }
    announce(&settings, &listener)?;
    Ok(serve(listener, settings, auth, registry)?)
}

/// Opens the database, migrated, and what works on it.
async fn open(settings: &Settings) -> anyhow::Result<Auth> {
    let runtime = Handle::current();
    if settings.database.migrate_at_start {
        let wait = Duration::from_secs(settings.database.migration_wait_secs);
        let applied = migrations::up(settings.database.migration_url(), wait).await?;
        if !applied.is_empty() {
            info!(migrations = applied.len(), "the database was migrated: {}", applied.join(", "));
        }
    }
    let db = Db::open(&settings.database, &runtime).context("cannot open the database")?;
    let secret = &settings.auth.jwt_secret;
    Ok(Auth {
        accounts: Accounts::of(db.clone()),
        db,
        passes: Passes::new(secret, settings.auth.visitor_token_minutes),
        tokens: Tokens::new(secret, settings.auth.access_token_minutes),
        hashing: HashingLane::new(&settings.hashing, &runtime),
        mailer: Mailer::start(&settings.mail, &settings.server.public_url, &runtime)?,
        rules: settings.auth.clone(),
        batch_users: settings.limits.batch_users,
    })
}

fn announce(settings: &Settings, listener: &TcpListener) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    match settings.log.format {
        LogFormat::Text => println!("{}", banner::text(settings, address)),
        LogFormat::Json => info!(
            profile = %settings.profile, %address, database = %settings.database.url,
            "cardroom is up on {address}",
        ),
    }
    Ok(())
}

fn serve(
    listener: TcpListener,
    settings: Settings,
    auth: Auth,
    registry: &'static Registry,
) -> io::Result<Running> {
    let server = settings.server.clone();
    let grace = Duration::from_millis(server.shutdown_grace_ms);
    let (writers, drain) = Writers::start(&settings, &auth.db, &Handle::current());
    let rates = RateLimits::new(&settings.rates, server.trusted_hops);
    let rates = Data::new(rates.ok_or_else(|| io::Error::other("a rate limit allows nothing"))?);
    let housekeeping =
        Housekeeping::start(auth.db.clone(), &settings.history, registry, rates.clone());
    let shared = Shared::new(settings, auth, writers, rates);
    let server = HttpServer::new(move || app::build(shared.clone()))
        .workers(server.workers)
        .backlog(BACKLOG)
        .max_connections(server.connections_max.div_ceil(server.workers))
        .keep_alive(Duration::from_secs(server.keep_alive_secs))
        .client_request_timeout(Duration::from_millis(server.request_head_timeout_ms))
        .shutdown_timeout(grace.as_secs())
        .listen(listener)?
        .run();
    Ok(Running { server, drain, housekeeping })
}
