//! The life of the process: migrate, open, serve, drain.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::Server;
use admission::HashingLane;
use anyhow::Context;
use auth::mail::Mailer;
use auth::{Auth, Tokens, demo};
use settings::{LogFormat, Settings};
use store::{Db, migrations};
use tokio::runtime::Handle;
use tracing::info;

use crate::app::{self, Shared};
use crate::banner;

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
    start(listener, settings).await?.await?;
    info!("cardroom has stopped");
    Ok(())
}

/// Starts serving on a socket that is bound already; the server runs while it is awaited.
///
/// # Errors
/// When the database cannot be opened or migrated.
pub async fn start(listener: TcpListener, settings: Settings) -> anyhow::Result<Server> {
    let auth = open(&settings).await?;
    if settings.auth.demo_accounts {
        demo::create_missing(&auth).await.context("cannot create the demo accounts")?;
    }
    announce(&settings, &listener)?;
    Ok(serve(listener, settings, auth)?)
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
    Ok(Auth {
        db: Db::open(&settings.database, &runtime).context("cannot open the database")?,
        tokens: Tokens::new(&settings.auth.jwt_secret, settings.auth.access_token_minutes),
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

fn serve(listener: TcpListener, settings: Settings, auth: Auth) -> std::io::Result<Server> {
    let server = settings.server.clone();
    let grace = Duration::from_millis(server.shutdown_grace_ms);
    let shared = Shared::new(settings, auth);
    let server = HttpServer::new(move || app::build(shared.clone()))
        .workers(server.workers)
        .backlog(BACKLOG)
        .max_connections(server.connections_max.div_ceil(server.workers))
        .keep_alive(Duration::from_secs(server.keep_alive_secs))
        .client_request_timeout(Duration::from_millis(server.request_head_timeout_ms))
        .shutdown_timeout(grace.as_secs())
        .listen(listener)?
        .run();
    Ok(server)
}
