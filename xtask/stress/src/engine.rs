//! Drives users through a scenario, on one thread of its own.
//!
//! One thread keeps the clocks honest and leaves the cores to the server; its cost is measured, and a run in
//! which it was the bottleneck is invalid.

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
use crate::person::Person;
use crate::scenario::Scenario;
use crate::tally::Recording;
use crate::watch::{Live, Watch, beat};

/// Expected length of a burst; only the width of its slots depends on it.
const BURST: Duration = Duration::from_secs(2);

/// A load for one thread.
pub(crate) struct Load {
    pub(crate) model: Model,
    pub(crate) scenario: &'static Scenario,
    /// How many users send at once in a closed loop; none for all of them.
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
    people: Vec<Person>,
    live: Arc<Live>,
) -> Result<(Recording, Vec<Person>)> {
    on_own_thread(move || async move { drive(load, people, &live).await }).await
}

async fn drive(
    load: Load,
    mut people: Vec<Person>,
    live: &Arc<Live>,
) -> Result<(Recording, Vec<Person>)> {
    let Load { model, scenario, at_once, seed } = load;
    let connecting = Rc::new(Watch::new(live, BURST));
    for person in &mut people {
        // Where it fails, the first request connects, and is counted as failed.
        let _ = person.connect(&connecting).await;
    }
    let beating = spawn_local(beat(live.clone()));
    let at_once = at_once.unwrap_or(people.len());
    let (mut recording, mut people) = match model {
        Model::Burst => burst(scenario, people, live).await?,
        Model::Closed(course) => {
            let (_, people) =
                closed::run(scenario, people, live, course.warming_up(), at_once).await?;
            live.measure(true);
            closed::run(scenario, people, live, course, at_once).await?
        }
        Model::Open { rate, arrivals, course } => {
            let plan = |course| open::Plan { rate, arrivals, course, seed };
            let (_, people) = open::run(scenario, people, live, plan(course.warming_up())).await?;
            live.measure(true);
            open::run(scenario, people, live, plan(course)).await?
        }
    };
    live.measure(false);
    beating.abort();
    people.iter_mut().for_each(Person::disconnect);
    recording.connect.merge(&connecting.finish(None).connect);
    Ok((recording, people))
}

/// All users at the same moment: connected before, released together.
async fn burst(
    scenario: &'static Scenario,
    people: Vec<Person>,
    live: &Arc<Live>,
) -> Result<(Recording, Vec<Person>)> {
    let offered = people.len() as u64;
    let barrier = Rc::new(Barrier::new(people.len()));
    let (watch, begin) = (Rc::new(Watch::new(live, BURST)), Rc::new(OnceCell::new()));
    let release = |mut person: Person| {
        let (watch, barrier, begin) = (watch.clone(), barrier.clone(), begin.clone());
        spawn_local(async move {
            barrier.wait().await;
            // The first one through sets the moment; the others are late from then on.
            person.due_at(*begin.get_or_init(Instant::now));
            (scenario.burst)(&mut person, &watch).await;
            person
        })
    };
    let tasks: Vec<_> = people.into_iter().map(release).collect();
    let mut people = Vec::new();
    for task in tasks {
        people.push(task.await?);
    }
    Ok((watch.finish(Some(offered)), people))
}
