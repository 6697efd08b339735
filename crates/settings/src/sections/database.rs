//! The database and the waits for it.

use std::path::PathBuf;

use crate::DatabaseUrl;
use crate::keys::{Keys, ReadResult, Reading};

/// The database and the waits for it.
#[derive(Clone, Debug)]
pub struct Database {
    /// The URL of the database.
    pub url: DatabaseUrl,
    /// The same database past a pooler, if that needs another URL.
    pub direct_url: Option<DatabaseUrl>,
    /// PostgreSQL connections at most, 1 to 500.
    pub pool_size: usize,
    /// SQLite connections that read, 1 to 64; one more writes.
    pub sqlite_readers: usize,
    /// PostgreSQL connections that commit groups of writes, and lanes of each kind of write, 1 to
    /// 16; SQLite has one writer.
    pub write_lanes: usize,
    /// Writes that wait in one lane at most, 1 to 100,000.
    pub write_queue: usize,
    /// Writes in one commit at most, 1 to 4,096; 1 commits each alone.
    pub write_group: usize,
    /// How long a request waits for a free connection, in milliseconds, 1 to 60,000.
    pub wait_timeout_ms: u64,
    /// How long opening a connection may take, in milliseconds, 1 to 60,000.
    pub create_timeout_ms: u64,
    /// How long checking a returned connection may take, in milliseconds, 1 to 60,000.
    pub recycle_timeout_ms: u64,
    /// Maximum age of a connection, in seconds, 0 to 86,400; 0 is unlimited.
    pub connection_age_max_secs: u64,
    /// Maximum idle time of a connection, in seconds, 0 to 86,400; 0 is unlimited.
    pub connection_idle_max_secs: u64,
    /// How long a connection to PostgreSQL may receive nothing before it is probed, in seconds, 1 to 7,200.
    pub keepalive_idle_secs: u64,
    /// How long data may go unacknowledged by PostgreSQL's machine, in milliseconds, 1,000 to 600,000.
    pub tcp_user_timeout_ms: u64,
    /// Limit of one PostgreSQL statement, in milliseconds, 1 to 600,000; without an answer after twice as
    /// long the connection is given up.
    pub statement_timeout_ms: u64,
    /// How long a PostgreSQL statement waits for a lock, in milliseconds, 1 to 600,000.
    pub lock_timeout_ms: u64,
    /// How long a PostgreSQL transaction may lie idle, in milliseconds, 1 to 600,000.
    pub idle_in_transaction_timeout_ms: u64,
    /// How long SQLite waits for another writer, in milliseconds, 1 to 60,000.
    pub busy_timeout_ms: u64,
    /// How long a statement or a group commit may take before it is logged, in milliseconds, 1 to
    /// 600,000.
    pub slow_query_ms: u64,
    /// Whether all connections to PostgreSQL are opened at the start, or each when it is needed.
    pub connect_at_start: bool,
    /// Whether the server migrates the database before it serves.
    pub migrate_at_start: bool,
    /// How long to wait for another instance that migrates, in seconds, 1 to 3,600.
    pub migration_wait_secs: u64,
    /// Whether SQLite may be used on Cloud Run, where the file vanishes with the instance.
    pub allow_ephemeral: bool,
}

/// A minute, in milliseconds: no client waits longer for a connection.
const WAIT_MS_MAX: u64 = 60_000;

/// A day, in seconds: a longer limit has no effect in practice.
const DAY_SECS: u64 = 86_400;

/// Ten minutes, in milliseconds: no request works longer.
const WORK_MS_MAX: u64 = 600_000;

impl Database {
    /// Where migrations run: past the pooler, if there is one.
    pub fn migration_url(&self) -> &DatabaseUrl {
        self.direct_url.as_ref().unwrap_or(&self.url)
    }

    pub(crate) fn read(keys: &mut Keys) -> Self {
        Self {
            url: keys.secret("database.url", URLS, url).unwrap_or(NOWHERE),
            direct_url: keys.optional_secret("database.direct_url", URLS, url),
            pool_size: keys.number("database.pool_size", 1..=500),
            sqlite_readers: keys.number("database.sqlite_readers", 1..=64),
            write_lanes: keys.number("database.write_lanes", 1..=16),
            write_queue: keys.number("database.write_queue", 1..=100_000),
            write_group: keys.number("database.write_group", 1..=4_096),
            wait_timeout_ms: keys.number("database.wait_timeout_ms", 1..=WAIT_MS_MAX),
            create_timeout_ms: keys.number("database.create_timeout_ms", 1..=WAIT_MS_MAX),
            recycle_timeout_ms: keys.number("database.recycle_timeout_ms", 1..=WAIT_MS_MAX),
            connection_age_max_secs: keys.number("database.connection_age_max_secs", 0..=DAY_SECS),
            connection_idle_max_secs: keys
                .number("database.connection_idle_max_secs", 0..=DAY_SECS),
            keepalive_idle_secs: keys.number("database.keepalive_idle_secs", 1..=7_200),
            tcp_user_timeout_ms: keys.number("database.tcp_user_timeout_ms", 1_000..=WORK_MS_MAX),
            statement_timeout_ms: keys.number("database.statement_timeout_ms", 1..=WORK_MS_MAX),
            lock_timeout_ms: keys.number("database.lock_timeout_ms", 1..=WORK_MS_MAX),
            idle_in_transaction_timeout_ms: keys
                .number("database.idle_in_transaction_timeout_ms", 1..=WORK_MS_MAX),
            busy_timeout_ms: keys.number("database.busy_timeout_ms", 1..=WAIT_MS_MAX),
            slow_query_ms: keys.number("database.slow_query_ms", 1..=WORK_MS_MAX),
            connect_at_start: keys.flag("database.connect_at_start"),
            migrate_at_start: keys.flag("database.migrate_at_start"),
            migration_wait_secs: keys.number("database.migration_wait_secs", 1..=3_600),
            allow_ephemeral: keys.flag("database.allow_ephemeral"),
        }
    }
}

const URLS: &str = "sqlite://data/cardroom.db or postgres://user:password@host:5432/name";

/// Placeholder for a bad URL.
const NOWHERE: DatabaseUrl = DatabaseUrl::Sqlite(PathBuf::new());

fn url(text: &str) -> ReadResult<DatabaseUrl> {
    let url: DatabaseUrl =
        text.trim().parse().map_err(|e: crate::DatabaseUrlError| e.to_string())?;
    let shown = url.to_string();
    Ok(Reading { value: url, shown })
}
