//! One room under load: every answer is what the API promises, and nothing is lost.

mod api;
mod load;

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::figures::ms;
use crate::server::Server;
use api::Api;
use load::{Played, TASKS};

/// How long the room is under load.
const LOAD: Duration = Duration::from_secs(5);

pub(crate) async fn run(program: &Path, database_url: &str) -> Result<()> {
    let mut server = Server::start(program, database_url)?;
    let started = server.wait()?;
    println!("  started in {:.1} ms", ms(started));
    if let Err(error) = play(&server).await {
        bail!("{error:#}\n\nthe server's last lines:\n{}", server.log());
    }
    let stopped = server.stop().await?;
    println!("  stopped in {:.1} ms, exit status 0", ms(stopped));
    Ok(())
}

async fn play(server: &Server) -> Result<()> {
    let api = Api::log_in(server.address()).await?;
    let room = api.open_room().await?;
    let start = Instant::now();
    let played = load::run(&api, &room, LOAD).await?;
    played.timings.report(start.elapsed());
    everybody_is_there(&api, &room, &played).await?;
    nothing_is_lost(&api, &room, &played).await
}

/// Every session has one visitor, whom every join of that session gave.
async fn everybody_is_there(api: &Api, room: &api::Room, played: &Played) -> Result<()> {
    let listed = api.visitors(room).await?;
    let ids: HashSet<&String> = listed.values().collect();
    ensure!(ids.len() == listed.len(), "two sessions share a visitor: {listed:?}");
    ensure!(listed == played.visitors, "the visitors differ from those who joined");
    println!("  {} visitors, distinct and complete", listed.len());
    Ok(())
}

/// Every state is what was saved last.
async fn nothing_is_lost(api: &Api, room: &api::Room, played: &Played) -> Result<()> {
    for (gameplay, saved) in &played.states {
        let kept = api.state(room, gameplay).await?;
        ensure!(kept == *saved, "{gameplay} was saved as {saved} and is {kept}");
    }
    ensure!(played.states.len() == TASKS, "{} tasks saved", played.states.len());
    println!("  {} states, each as it was saved last", played.states.len());
    Ok(())
}
