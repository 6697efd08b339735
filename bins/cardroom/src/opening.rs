//! Opening the database, and what has to exist before requests are served.

use std::time::Duration;

use anyhow::Context;
use auth::{Auth, KeyRing, login};
use database::{Db, Pooler, PoolerError, migrations};
use files::{Files, LINK_KEY_PURPOSE};
use settings::Settings;
use tokio::runtime::Handle;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::lifecycle::Lifecycle;

/// Interval of looking whether another process has migrated the database.
const MIGRATED_POLL: Duration = Duration::from_secs(1);

/// What works on the database and on the store of files.
pub struct Opened {
    /// Accounts and tokens.
    pub auth: Auth,
    /// Uploaded files.
    pub files: Files,
}

/// Migrates and opens the database, opens the store of files, and builds what works on them.
pub(crate) async fn open(settings: &Settings) -> anyhow::Result<Opened> {
    let runtime = Handle::current();
    if settings.database.migrate_at_start {
        let wait = Duration::from_secs(settings.database.migration_wait_secs);
        let applied = migrations::up(settings.database.migration_url(), wait).await?;
        if !applied.is_empty() {
            info!(migrations = applied.len(), "the database was migrated: {}", applied.join(", "));
        }
    }
    warn_of_unknown_migrations(&settings.database).await;
    check_pooler(&settings.database).await?;
    let db = Db::open(&settings.database, &runtime).context("cannot open the database")?;
    // A folder that cannot be written to is found at the start.
    let keys = KeyRing::of(&settings.auth).derive(LINK_KEY_PURPOSE);
    let files = Files::open(db.clone(), settings, keys, &runtime)?;
    Ok(Opened { auth: Auth::start(db, settings, &runtime)?, files })
}

/// Refuses a pooler that would break queries, and warns of the limits of others. A database that cannot be
/// reached is no error here.
async fn check_pooler(database: &settings::Database) -> anyhow::Result<()> {
    match database::pooler(database).await {
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

/// Warns when a newer release has migrated the database. Its migrations work with this release
/// if they only expand the schema; an unavailable database is reported by its first query.
async fn warn_of_unknown_migrations(database: &settings::Database) {
    match migrations::unknown(database.migration_url()).await {
        Ok(unknown) if unknown.is_empty() => {}
        Ok(unknown) => warn!(
            migrations = unknown.len(),
            "a newer release has migrated the database, by migrations that this one does not know: {}",
            unknown.join(", ")
        ),
        Err(error) => warn!(error = %error, "cannot read the migrations of the database: {error}"),
    }
}

/// Waits until another process has migrated the database, and then serves.
pub(crate) async fn serve_once_migrated(lifecycle: Lifecycle, database: settings::Database) {
    loop {
        match migrations::status(database.migration_url()).await {
            Ok(all) if all.iter().all(|it| it.applied) => return lifecycle.serve(),
            Ok(_) => info!("waiting until the database is migrated"),
            Err(error) => warn!(error = %error, "cannot see the database's migrations: {error}"),
        }
        sleep(MIGRATED_POLL).await;
    }
}

/// Measures the cost of a hash on this machine, before a log-in waits for one.
pub(crate) async fn measure_hash(auth: Auth) {
    if let Err(error) = login::measure(&auth).await {
        warn!("what a hash costs here is not known yet: {error}");
    }
}
