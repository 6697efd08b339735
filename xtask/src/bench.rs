//! `cargo xtask bench`: how fast writes are, beside what PostgreSQL's own benchmark reaches.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use testkit::cluster::Cluster;
use testkit::{Kind, TestDatabase};
use tokio::process::Command;

use crate::commands;
use crate::probe;

/// Connections of PostgreSQL's benchmark, and of ours that it is compared with.
const CONNECTIONS: &str = "50";

/// The room that PostgreSQL's benchmark saves in.
const ROOM: &str = "00000000-0000-4000-8000-00000000000a";

/// Of the document that it saves: as long as that of one of fifty people in `stress`.
const MARKER: u64 = 25 << 32;

/// What it needs to be there.
const SETUP: &str = "
    INSERT INTO users (id, email, name, hashed_password, roles, created_at)
        VALUES ('00000000-0000-4000-8000-00000000000b', 'b@example.com', '', '', '', now())
        ON CONFLICT DO NOTHING;
    INSERT INTO rooms (id, name, counselor_id, share_code, created_at)
        VALUES ('00000000-0000-4000-8000-00000000000a', '', '00000000-0000-4000-8000-00000000000b',
            'BENCH1', now())
        ON CONFLICT DO NOTHING;";

/// Measure how fast saves, joins and heartbeats are, on a disk that keeps them
///
/// On PostgreSQL beside `pgbench` with one prepared upsert of one row, before and after, on the same
/// server and table. Figures move with the machine; ratios of one run are what counts.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Leave out the other database.
    #[arg(long, value_name = "sqlite|postgres")]
    db: Option<Kind>,
    /// How long each load runs, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    probe::build().await?;
    if arguments.db != Some(Kind::Sqlite) {
        on_postgres(arguments.seconds).await?;
    }
    if arguments.db != Some(Kind::Postgres) {
        println!("SQLite, synchronous=FULL");
        drive(&testkit::sqlite_database().await?, arguments.seconds).await?;
    }
    Ok(())
}

async fn on_postgres(seconds: u64) -> Result<()> {
    let cluster = Cluster::start_durable()?;
    let database = testkit::postgres_database(&cluster.url()).await?;
    println!("PostgreSQL, fsync=on");
    print_pgbench(&cluster, &database, seconds).await?;
    drive(&database, seconds).await?;
    print_pgbench(&cluster, &database, seconds).await
}

async fn print_pgbench(cluster: &Cluster, database: &TestDatabase, seconds: u64) -> Result<()> {
    for (name, document) in
        [("pgbench upserts", Document::Sent), ("of one document", Document::Fixed)]
    {
        let rate = pgbench(cluster, database, document, seconds).await?;
        println!("  {name:<18} {CONNECTIONS:>3} connections {rate:>7.0}/s");
    }
    Ok(())
}

/// Where the document of an upsert stands.
#[derive(Clone, Copy)]
pub(crate) enum Document {
    /// It is sent each time, and read by PostgreSQL, as whoever saves one has to.
    Sent,
    /// It is a part of the statement, and so was sent and read when that was prepared.
    Fixed,
}

async fn drive(database: &TestDatabase, seconds: u64) -> Result<()> {
    let mut command = probe::command("bench")?;
    command.env("DATABASE_URL", &*database.url.expose());
    commands::run(command.args(["--seconds", &seconds.to_string()])).await
}

/// Upserts a second, of one row each, as a server without groups would write them.
pub(crate) async fn pgbench(
    cluster: &Cluster,
    database: &TestDatabase,
    document: Document,
    seconds: u64,
) -> Result<f64> {
    let state = document::state(MARKER);
    let sent = format!("state={state}");
    let folder = tempfile::tempdir()?;
    let (setup, upsert) = (folder.path().join("setup.sql"), folder.path().join("upsert.sql"));
    fs::write(&setup, SETUP)?;
    fs::write(&upsert, upsert_script(document, &state))?;
    run_pgbench(cluster, database, &["-t", "1"], &setup).await?;
    let load = ["-M", "prepared", "-c", CONNECTIONS, "-j", "2", "-T", &seconds.to_string()];
    let report =
        run_pgbench(cluster, database, &[&load[..], &["-D", &sent]].concat(), &upsert).await?;
    let rate = report.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.and_then(|rest| rest.split(' ').next()).context("pgbench gave no rate")?;
    Ok(rate.parse()?)
}

async fn run_pgbench(
    cluster: &Cluster,
    database: &TestDatabase,
    load: &[&str],
    script: &Path,
) -> Result<String> {
    let mut command = Command::new(cluster.program("pgbench"));
    command.arg("--no-vacuum").args(load).arg("-f").arg(script).arg(&*database.url.expose());
    let output = command.output().await.context("cannot run pgbench")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Upserts in as many games as our own load plays.
fn upsert_script(document: Document, state: &str) -> String {
    let state = match document {
        Document::Sent => ":state".to_owned(),
        // A colon before a letter or a digit is a variable to pgbench.
        Document::Fixed => format!("'{}'", state.replace(':', ": ")),
    };
    format!(
        "\\set game random(1, 1000)\n\
         INSERT INTO gameplay_states (id, room_id, gameplay_id, state, last_played_at, created_at, \
         updated_at) VALUES (gen_random_uuid(), '{ROOM}', 'game-' || :game, {state}, now(), \
         now(), now()) ON CONFLICT (room_id, gameplay_id) DO UPDATE SET state = excluded.state, \
         version = gameplay_states.version + 1, last_played_at = excluded.last_played_at, \
         updated_at = excluded.updated_at;\n"
    )
}
