//! How fast saves, joins and heartbeats are, over HTTP and to the disk.

mod api;
mod load;

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::figures::ms;
use crate::server::Server;
use api::Stage;
use load::Measured;

/// Connections of a counsellor's rush hour, and of four of them.
const CONNECTIONS: [usize; 2] = [50, 200];

/// How long a load runs before it is measured.
const WARM_UP: Duration = Duration::from_secs(1);

/// Switches grouping off: every write is a commit of its own.
const UNGROUPED: (&str, &str) = ("CARDROOM__DATABASE__WRITE_GROUP", "1");

/// Keeps no version but the current one.
const NO_HISTORY: (&str, &str) = ("CARDROOM__HISTORY__VERSIONS", "0");

pub(crate) async fn run(program: &Path, database_url: &str, time: Duration) -> Result<()> {
    let saves = async |name, settings, connections| {
        saves(name, program, database_url, settings, connections, time).await
    };
    let grouped = saves("saves", &[], &CONNECTIONS).await?;
    let few = &CONNECTIONS[..1];
    let forgetful = saves("saves, no history", &[NO_HISTORY], few).await?;
    let single = saves("saves, ungrouped", &[UNGROUPED], few).await?;
    let rate = |measured: &[Measured]| measured.first().map_or(f64::NAN, Measured::rate);
    println!(
        "  at {} connections: grouped / ungrouped {:.2}, with / without history {:.2}",
        CONNECTIONS[0],
        rate(&grouped) / rate(&single),
        rate(&grouped) / rate(&forgetful),
    );
    visits(program, database_url, time).await
}

async fn saves(
    name: &str,
    program: &Path,
    database_url: &str,
    settings: &[(&str, &str)],
    connections: &[usize],
    time: Duration,
) -> Result<Vec<Measured>> {
    let server = start(program, database_url, settings)?;
    let stage = Stage::set(server.address()).await?;
    let mut all = Vec::new();
    for &count in connections {
        all.push(measure(name, &server, count, time, stage.save()).await?);
    }
    server.stop().await?;
    Ok(all)
}

async fn visits(program: &Path, database_url: &str, time: Duration) -> Result<()> {
    let server = start(program, database_url, &[])?;
    let stage = Stage::set(server.address()).await?;
    measure("joins", &server, CONNECTIONS[0], time, stage.join()).await?;
    measure("heartbeats", &server, CONNECTIONS[0], time, stage.heartbeat().await?).await?;
    server.stop().await?;
    Ok(())
}

/// A server that logs what goes wrong and not every request, as the load generator shares its cores.
fn start(program: &Path, database_url: &str, settings: &[(&str, &str)]) -> Result<Server> {
    let quiet = [("CARDROOM__LOG__FILTER", "warn")];
    let mut server = Server::start_with(program, database_url, &[&quiet, settings].concat())?;
    server.wait()?;
    Ok(server)
}

async fn measure(
    name: &str,
    server: &Server,
    connections: usize,
    time: Duration,
    requests: load::Requests,
) -> Result<Measured> {
    load::run(server.address(), connections, WARM_UP, requests.clone()).await?;
    let measured = load::run(server.address(), connections, time, requests).await?;
    println!(
        "  {name:<18} {connections:>3} connections {:>7.0}/s  p50 {:>6.2}  p95 {:>6.2}  p99 {:>6.2} ms",
        measured.rate(),
        ms(measured.times.percentile(50)),
        ms(measured.times.percentile(95)),
        ms(measured.times.percentile(99)),
    );
    ensure!(measured.refused == 0, "{} of {name} were not answered with 2xx", measured.refused);
    Ok(measured)
}
