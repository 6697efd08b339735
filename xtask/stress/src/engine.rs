//! Drives users through a scenario, on one thread of its own.
//!
//! One thread leaves the other cores to the server. Its processor time is measured; a run in which it was
//! the bottleneck is invalid.

mod closed;
mod open;

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::runtime::Builder;
use tokio::sync::{Barrier, oneshot};
use tokio::task::{LocalSet, spawn_local};

use crate::load::Model;
use crate::scenario::Scenario;
use crate::tally::Recording;
use crate::user::User;
use crate::watch::{Live, Watch, beat};

/// Expected length of a burst; only the width of its slots depends on it.
const BURST: Duration = Duration::from_secs(2);

/// A load for one thread.
pub(crate) struct Load {
    pub(crate) model: Model,
    pub(crate) scenario: &'static Scenario,
    /// Users that send at once in a closed loop; `None` means all of them.
    pub(crate) at_once: Option<usize>,
    /// The seed of the arrivals.
    pub(crate) seed: u64,
}

/// Runs a future that need not be `Send` to its end, on a thread of its own.
pub(crate) async fn on_own_thread<T, F>(work: impl FnOnce() -> F + Send + 'static) -> Result<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T>>,
{
    let (sender, outcome) = oneshot::channel();
    thread::Builder::new().name("generator".into()).spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        let outcome = runtime
            .map_err(Into::into)
            .and_then(|runtime| LocalSet::new().block_on(&runtime, work()));
        // An interrupted run has dropped the receiver.
        let _ = sender.send(outcome);
    })?;
    outcome.await.context("the load generator panicked")?
}

/// Runs a load to its end; returns the users with what the server acknowledged to them.
pub(crate) async fn run(
    load: Load,
    users: Vec<User>,
    live: Arc<Live>,
) -> Result<(Recording, Vec<User>)> {
    on_own_thread(move || async move { drive(load, users, &live).await }).await
}

async fn drive(
    load: Load,
    mut users: Vec<User>,
    live: &Arc<Live>,
) -> Result<(Recording, Vec<User>)> {
    let Load { model, scenario, at_once, seed } = load;
    let connecting = Rc::new(Watch::new(live, BURST));
    for user in &mut users {
        // After a failure the first request connects again, and is counted as failed if that fails too.
        let _ = user.connect(&connecting).await;
    }
    let beating = spawn_local(beat(live.clone()));
    let at_once = at_once.unwrap_or(users.len());
    let (mut recording, mut users) = match model {
        Model::Burst => burst(scenario, users, live).await?,
        Model::Closed(course) => {
            let (_, users) =
                closed::run(scenario, users, live, course.warming_up(), at_once).await?;
            live.measure(true);
            closed::run(scenario, users, live, course, at_once).await?
        }
        Model::Open { rate, arrivals, course } => {
            let plan = |course| open::Plan { rate, arrivals, course, seed };
            let (_, users) = open::run(scenario, users, live, plan(course.warming_up())).await?;
            live.measure(true);
            open::run(scenario, users, live, plan(course)).await?
        }
    };
    live.measure(false);
    beating.abort();
    users.iter_mut().for_each(User::disconnect);
    recording.connect.merge(&connecting.finish(None).connect);
    Ok((recording, users))
}

/// Releases all users at the same moment; they are connected beforehand.
async fn burst(
    scenario: &'static Scenario,
    users: Vec<User>,
    live: &Arc<Live>,
) -> Result<(Recording, Vec<User>)> {
    let offered = users.len() as u64;
    let barrier = Rc::new(Barrier::new(users.len()));
    let (watch, begin) = (Rc::new(Watch::new(live, BURST)), Rc::new(OnceCell::new()));
    let release = |mut user: User| {
        let (watch, barrier, begin) = (watch.clone(), barrier.clone(), begin.clone());
        spawn_local(async move {
            barrier.wait().await;
            // The first task past the barrier sets the start; the lateness of the others counts from it.
            user.due_at(*begin.get_or_init(Instant::now));
            (scenario.burst)(&mut user, &watch).await;
            user
        })
    };
    let tasks: Vec<_> = users.into_iter().map(release).collect();
    let mut users = Vec::new();
    for task in tasks {
        users.push(task.await?);
    }
    Ok((watch.finish(Some(offered)), users))
}
