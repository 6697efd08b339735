//! The life of the process: migrate, open, serve, drain.

use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::{Server, ServerHandle};
use actix_web::web::Data;
use admission::{HashingLane, RateLimits};
use anyhow::Context;
use auth::mail::Mailer;
use auth::{Accounts, Auth, KeyRing, Passes, Pseudonyms, RefreshTokens, Tokens, demo, login};
use realtime::{Hub, Upkeep};
use settings::{LogFormat, Settings};
use store::group_commit::Drain;
use store::{Db, Pooler, PoolerError, migrations};
use telemetry::metrics::Registry;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::app::{self, Shared};
use crate::housekeeping::Housekeeping;
use crate::lifecycle::Lifecycle;
use crate::live::Live;
use crate::shutdown::{Schedule, heed_signals};
use crate::writers::Writers;
use crate::{banner, connection};

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// Workers wait for their requests for longer than the schedule does, which counts finer than in
/// seconds.
const WORKERS_NEVER_STOP_SECS: u64 = 3600;

/// How often a database that somebody else migrates is looked at.
const MIGRATED_POLL: Duration = Duration::from_secs(1);

/// Serves on the address of the settings until SIGTERM or ctrl-c.
///
/// # Errors
/// When the address is taken, or the database cannot be opened or migrated.
pub async fn run(settings: Settings) -> anyhow::Result<()> {
    let lifecycle = Lifecycle::default();
    heed_signals(&lifecycle, Duration::from_millis(settings.server.shutdown_grace_ms))
        .context("cannot listen to signals")?;
    let address = (settings.server.host, settings.server.port);
    let listener = TcpListener::bind(address)
        .with_context(|| format!("cannot listen on {}:{}", address.0, address.1))?;
    tokio::select! {
        biased;
        () = lifecycle.draining() => {}
        running = start_in(lifecycle.clone(), listener, settings) => running?.finish().await?,
    }
    info!("cardroom has stopped");
    Ok(())
}

/// A server that runs while [`Running::finish`] is awaited.
pub struct Running {
    server: Server,
    drain: Drain,
    housekeeping: Housekeeping,
    upkeep: Upkeep,
    hub: Arc<Hub>,
    lifecycle: Lifecycle,
    schedule: Schedule,
}

impl Running {
    /// What stops the server without notice.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// What tells the server that its end begins, as a signal does.
    pub fn lifecycle(&self) -> Lifecycle {
        self.lifecycle.clone()
    }

    /// Serves until the end begins, and then until all writes that were taken in are committed or
    /// the time to stop is over.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn finish(self) -> io::Result<()> {
        let Self { server, drain, housekeeping, upkeep, hub, lifecycle, schedule } = self;
        finish_requests(server, &hub, &lifecycle, schedule).await?;
        drop((housekeeping, upkeep));
        if timeout(schedule.writes, drain.finish()).await.is_err() {
            warn!("some writes were still under way when the time to stop was over");
        }
        Ok(())
    }
}

/// Serves until the server is stopped. When the end begins, that is after a short notice, and no
/// later than the schedule says: dropping the server cuts off what is left.
async fn finish_requests(
    mut server: Server,
    hub: &Hub,
    lifecycle: &Lifecycle,
    schedule: Schedule,
) -> io::Result<()> {
    tokio::select! {
        outcome = Pin::new(&mut server) => return outcome,
        () = noticed(lifecycle, schedule.notice, hub, schedule.sockets) => {}
    }
    let stopping = server.handle().stop(true);
    let stopped = async { tokio::join!(stopping, Pin::new(&mut server)).1 };
    let outcome = timeout(schedule.requests, stopped).await;
    outcome.unwrap_or_else(|_| {
        warn!("requests that took too long were cut off, because the time to stop was over");
        Ok(())
    })
}

/// Meanwhile every socket is told, because actix would cut them off without a word.
async fn noticed(lifecycle: &Lifecycle, notice: Duration, hub: &Hub, sockets: Duration) {
    lifecycle.draining().await;
    tokio::join!(sleep(notice), hub.close_all(sockets));
}

/// Starts serving on a socket that is bound already.
///
/// # Errors
/// When the database cannot be opened or migrated.
pub async fn start(listener: TcpListener, settings: Settings) -> anyhow::Result<Running> {
    start_in(Lifecycle::default(), listener, settings).await
}

async fn start_in(
    lifecycle: Lifecycle,
    listener: TcpListener,
    settings: Settings,
) -> anyhow::Result<Running> {
    let registry = telemetry::metrics::registry().context("cannot measure")?;
    let auth = open(&settings).await?;
    tokio::spawn(measure_a_hash(auth.clone()));
    if settings.auth.demo_accounts {
        demo::create_missing(&auth).await.context("cannot create the demo accounts")?;
    }
    announce(&settings, &listener)?;
    let database = settings.database.clone();
    let running = serve(lifecycle, listener, settings, auth, registry)?;
    if database.migrate_at_start {
        running.lifecycle.serve();
    } else {
        tokio::spawn(serve_once_migrated(running.lifecycle(), database));
    }
    Ok(running)
}

/// Waits for whoever migrates the database.
async fn serve_once_migrated(lifecycle: Lifecycle, database: settings::Database) {
    loop {
        match migrations::status(database.migration_url()).await {
            Ok(all) if all.iter().all(|it| it.applied) => return lifecycle.serve(),
            Ok(_) => info!("waiting for somebody to migrate the database"),
            Err(error) => warn!(error = %error, "cannot see the database's migrations: {error}"),
        }
        sleep(MIGRATED_POLL).await;
    }
}

async fn measure_a_hash(auth: Auth) {
    if let Err(error) = login::measure(&auth).await {
        warn!("what a hash costs here is not known yet: {error}");
    }
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
    look_for_pooler(&settings.database).await?;
    let db = Db::open(&settings.database, &runtime).context("cannot open the database")?;
    let (rules, ring) = (&settings.auth, KeyRing::of(&settings.auth));
    Ok(Auth {
        accounts: Accounts::of(db.clone()),
        db,
        passes: Passes::new(&ring, rules.visitor_token_minutes),
        pseudonyms: Pseudonyms::new(&rules.jwt_secret),
        refresh_tokens: RefreshTokens::new(&ring),
        tokens: Tokens::new(&ring, rules.access_token_minutes, rules.legacy_tokens),
        hashing: HashingLane::start(&settings.hashing).context("cannot start hashing")?,
        mailer: Mailer::start(&settings.mail, &settings.server.public_url, &runtime)?,
        rules: rules.clone(),
        batch_users: settings.limits.batch_users,
    })
}

/// Refuses a pooler that would break queries now and then, and says what another one cannot do. A
/// database that is away is waited for as always.
async fn look_for_pooler(database: &settings::Database) -> anyhow::Result<()> {
    match store::pooler(database).await {
        Ok(Pooler::None) => {}
        Ok(Pooler::Transaction) => warn!(
            "a pooler in transaction mode stands before the database, where the limits of statements \
             do not hold reliably: set them for the role as well (ALTER ROLE ... SET statement_timeout)",
        ),
        Ok(Pooler::Exhausted) => {
            warn!("a pooler with a single connection stands before the database");
        }
        Err(error @ PoolerError::LosesStatements(_)) => return Err(error.into()),
        Err(error) => warn!(error = %error, "{error}"),
    }
    Ok(())
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
    lifecycle: Lifecycle,
    listener: TcpListener,
    settings: Settings,
    auth: Auth,
    registry: &'static Registry,
) -> io::Result<Running> {
    let server = settings.server.clone();
    let schedule = Schedule::of(Duration::from_millis(server.shutdown_grace_ms));
    let live = Live::new(&settings, &auth);
    let (writers, drain) = Writers::start(&settings, &auth.db, live.audience(), &Handle::current());
    let rates = RateLimits::new(&settings.rates, server.trusted_hops);
    let rates = Data::new(rates.ok_or_else(|| io::Error::other("a rate limit allows nothing"))?);
    let housekeeping = Housekeeping::start(auth.db.clone(), &settings, registry, rates.clone());
    let hub = live.realtime.hub.clone();
    let heartbeats = writers.heartbeats.clone();
    let upkeep = Upkeep::start(&hub, auth.db.clone(), heartbeats, &live.closings);
    let shared = Shared::new(settings, auth, writers, rates, live, lifecycle.clone());
    let server = HttpServer::new(move || app::build(shared.clone()))
        .workers(server.workers)
        .backlog(BACKLOG)
        .max_connections(server.connections_max.div_ceil(server.workers))
        .keep_alive(Duration::from_secs(server.keep_alive_secs))
        .client_request_timeout(Duration::from_millis(server.request_head_timeout_ms))
        .on_connect(connection::prepare(&server))
        .disable_signals()
        .shutdown_timeout(WORKERS_NEVER_STOP_SECS)
        .listen(listener)?
        .run();
    Ok(Running { server, drain, housekeeping, upkeep, hub, lifecycle, schedule })
}
