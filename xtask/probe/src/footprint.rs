//! How fast the server starts, and how little memory it needs.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::sleep;

use crate::figures::{Figures, ms};
use crate::server::{self, Server};

/// From exec to the first 200 on `/health`, on a migrated SQLite file: the median.
const START_TARGET: Duration = Duration::from_millis(50);

/// Resident memory of a server that was asked nothing but its health.
const RESIDENT_TARGET_BYTES: u64 = 25 * MEGABYTE;

const MEGABYTE: u64 = 1_000_000;

/// Time after which a started server is idle.
const SETTLING: Duration = Duration::from_secs(2);

pub(crate) async fn run(program: &Path, starts: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let database_url = format!("sqlite://{}", folder.path().join("cardroom.db").display());
    migrate(program, &database_url, folder.path()).await?;
    // The first start creates the demo accounts; it does not count.
    start_once(program, &database_url).await?;
    let mut times = Vec::new();
    for _ in 0..starts {
        times.push(start_once(program, &database_url).await?);
    }
    // It varies by half a megabyte from start to start.
    let mut resident = Vec::new();
    for _ in 0..IDLE_STARTS {
        resident.push(resident_when_idle(program, &database_url).await?);
    }
    resident.sort_unstable();
    let resident = resident[IDLE_STARTS / 2];
    report(&Figures::of(times), resident)
}

/// Starts of which the memory is looked at; the median counts.
const IDLE_STARTS: usize = 5;

async fn migrate(program: &Path, database_url: &str, folder: &Path) -> Result<()> {
    let output = server::command(program, database_url, folder).arg("migrate").output().await?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`cardroom migrate` failed: {complaint}");
    Ok(())
}

async fn start_once(program: &Path, database_url: &str) -> Result<Duration> {
    let mut server = Server::start(program, database_url)?;
    let time = server.wait()?;
    server.stop().await?;
    Ok(time)
}

async fn resident_when_idle(program: &Path, database_url: &str) -> Result<u64> {
    let mut server = Server::start(program, database_url)?;
    server.wait()?;
    sleep(SETTLING).await;
    let resident = server.resident()?;
    server.stop().await?;
    Ok(resident)
}

fn report(starts: &Figures, resident: u64) -> Result<()> {
    let fast = starts.median() < START_TARGET;
    let small = resident < RESIDENT_TARGET_BYTES;
    println!(
        "exec to first 200 on /health, SQLite, migrated, {} starts: median {:.1} ms, min {:.1}, \
         max {:.1} (target: median under {:.0} ms): {}",
        starts.count(),
        ms(starts.median()),
        ms(starts.shortest()),
        ms(starts.longest()),
        ms(START_TARGET),
        verdict(fast),
    );
    println!(
        "resident memory, idle, median of {IDLE_STARTS} starts: {}.{} MB (target: under {} MB): {}",
        resident / MEGABYTE,
        resident % MEGABYTE * 10 / MEGABYTE,
        RESIDENT_TARGET_BYTES / MEGABYTE,
        verdict(small),
    );
    ensure!(fast && small, "the footprint is too large");
    Ok(())
}

fn verdict(passed: bool) -> &'static str {
    if passed { "pass" } else { "FAIL" }
}
