//! The life of the process: migrate, open, serve, drain.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::web::Data;
use admission::{RateLimits, TrustedHops};
use anyhow::Context;
use auth::demo;
use database::idempotency::InFlight;
use settings::{LogFormat, Settings};
use telemetry::metrics::Registry;
use tokio::runtime::Handle;
use tracing::info;

use crate::app::Shared;
use crate::housekeeping::Housekeeping;
use crate::lifecycle::Lifecycle;
use crate::live::Live;
use crate::opening::{Opened, measure_hash, open, serve_once_migrated};
use crate::row_counts::RowCounts;
pub use crate::running::Running;
use crate::shutdown::{Schedule, handle_signals};
use crate::writers::Writers;
use crate::{banner, descriptors, listen, proxy};

/// Serves on the address of the settings until SIGTERM or ctrl-c.
///
/// # Errors
/// When the address is taken, or the database cannot be opened or migrated.
pub async fn run(settings: Settings) -> anyhow::Result<()> {
    let lifecycle = Lifecycle::default();
    handle_signals(&lifecycle, Duration::from_millis(settings.server.shutdown_grace_ms))
        .context("cannot listen to signals")?;
    let address = (settings.server.host, settings.server.port);
    descriptors::raise(settings.server.connections_max);
    let listener = listen::bind(address)
        .with_context(|| format!("cannot listen on {}:{}", address.0, address.1))?;
    tokio::select! {
        biased;
        () = lifecycle.draining() => {}
        running = start_in(lifecycle.clone(), listener, settings) => running?.finish().await?,
    }
    info!("cardroom has stopped");
    Ok(())
}

/// Serves on a bound socket.
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
    let opened = open(&settings).await?;
    tokio::spawn(measure_hash(opened.auth.clone()));
    if settings.database.connect_at_start {
        let db = opened.auth.db.clone();
        tokio::spawn(async move { db.connect().await });
    }
    if settings.auth.demo_accounts {
        demo::create_missing(&opened.auth).await.context("cannot create the demo accounts")?;
    }
    announce(&settings, &listener)?;
    proxy::warn_of_unnamed(&settings);
    let database = settings.database.clone();
    let running = serve(lifecycle, listener, settings, opened, registry)?;
    if database.migrate_at_start {
        running.lifecycle().serve();
    } else {
        tokio::spawn(serve_once_migrated(running.lifecycle(), database));
    }
    Ok(running)
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
    opened: Opened,
    registry: &'static Registry,
) -> io::Result<Running> {
    let server = settings.server.clone();
    let schedule = Schedule::of(Duration::from_millis(server.shutdown_grace_ms));
    let runtime = Handle::current();
    let Opened { auth, files } = opened;
    let live = Live::new(&settings, &auth, &runtime);
    let (writers, drain) = Writers::start(&settings, &auth.db, live.state_listener(), &runtime);
    live.tables.save_through(writers.saves.clone());
    let rates = RateLimits::new(&settings.rates, TrustedHops(server.trusted_hops));
    let rates = Data::new(rates.ok_or_else(|| io::Error::other("a rate limit allows nothing"))?);
    let in_flight = Data::new(InFlight::default());
    let (db, swept) = (auth.db.clone(), files.clone());
    let housekeeping =
        Housekeeping::start(db, swept, &settings, registry, rates.clone(), in_flight.clone());
    let every = Duration::from_secs(server.count_every_secs);
    let row_counts = RowCounts::start(auth.db.clone(), every);
    let realtime = live.realtime.clone();
    let heartbeats = writers.heartbeats.clone();
    let db = auth.db.clone();
    let maintenance = realtime.maintain(auth.db.clone(), heartbeats, &live.ended_rooms);
    let opened = Opened { auth, files };
    let shared = Shared::new(settings, opened, writers, rates, in_flight, live, lifecycle.clone());
    let server = listen::on(listener, &server, shared)?;
    Ok(Running {
        server,
        drain,
        db,
        housekeeping,
        row_counts,
        maintenance,
        realtime,
        lifecycle,
        schedule,
    })
}
