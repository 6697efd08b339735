//! Drives people through a scenario, on one thread of its own.
//!
//! One thread keeps the clocks honest and the cores free for the server; what it costs is measured,
//! and a run in which it was the bottleneck is invalid.

mod burst;
mod closed;
mod cost;
mod live;
mod open;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use crate::arrivals::Arrivals;
use crate::person::Person;
use crate::scenario::Scenario;
use crate::tally::{Recording, Sample};
pub(crate) use cost::Meter;
pub(crate) use live::{Live, Sampled, sample};

/// How load is brought. The form in a record is one that needs no buffer, because numbers of any precision
/// do not come back from one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Model {
    /// Everybody at the same moment, once.
    Burst,
    /// Everybody sends again as soon as the answer is there, for so long.
    Closed(Course),
    /// So many a second come, whatever became of those before them.
    Open { rate: f64, arrivals: Arrivals, course: Course },
}

/// How a loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Course {
    /// How long it runs before it is measured.
    pub(crate) warm_up: Duration,
    /// Of the measured time, how long it takes until all of the load is there.
    #[serde(default)]
    pub(crate) ramp: Duration,
    /// How long it is measured.
    pub(crate) time: Duration,
}

impl Course {
    /// All of the load at once.
    pub(crate) const fn new(warm_up: Duration, time: Duration) -> Self {
        Self { warm_up, ramp: Duration::ZERO, time }
    }

    /// The part before it is measured.
    fn before(self) -> Self {
        Self { warm_up: Duration::ZERO, ramp: Duration::ZERO, time: self.warm_up }
    }
}

/// What one thread is to do.
pub(crate) struct Load {
    pub(crate) model: Model,
    pub(crate) scenario: &'static dyn Scenario,
    /// How many of the people send at once in a closed loop, and all of them unless it is said.
    pub(crate) at_once: Option<usize>,
    /// Where the moments of arrival come from.
    pub(crate) seed: u64,
}

/// Where measurements of a load go.
pub(crate) struct Watch {
    pub(crate) live: Arc<Live>,
    start: Instant,
    recording: RefCell<Recording>,
}

impl Watch {
    fn new(live: &Arc<Live>, time: Duration) -> Self {
        let recording = RefCell::new(Recording::of(time));
        Self { live: live.clone(), start: Instant::now(), recording }
    }

    pub(crate) fn record(&self, person: usize, planned: bool, sample: &Sample) {
        self.live.count(&sample.outcome);
        self.recording.borrow_mut().add(self.start, person, planned, sample);
    }

    pub(crate) fn connected(&self, time: Duration) {
        self.recording.borrow_mut().connect.record(time);
    }

    /// Counts an arrival that found everybody busy.
    fn drop_arrival(&self) {
        self.live.drop_arrival();
        self.recording.borrow_mut().dropped += 1;
    }

    fn finish(self: Rc<Self>, meter: &Meter, offered: u64) -> Recording {
        let mut recording = self.recording.take();
        recording.seconds = self.start.elapsed().as_secs_f64();
        recording.generator = meter.read();
        recording.offered = offered;
        recording
    }
}

/// Runs a load to its end; gives the people back, with what they were promised.
pub(crate) async fn run(
    load: Load,
    people: Vec<Person>,
    live: Arc<Live>,
) -> Result<(Recording, Vec<Person>)> {
    let (sender, outcome) = oneshot::channel();
    thread::Builder::new().name("generator".into()).spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        let outcome = runtime
            .map_err(Into::into)
            .and_then(|runtime| LocalSet::new().block_on(&runtime, drive(load, people, &live)));
        // Nobody waits any more when the run was interrupted.
        let _ = sender.send(outcome);
    })?;
    outcome.await.context("the load generator panicked")?
}

async fn drive(
    load: Load,
    mut people: Vec<Person>,
    live: &Arc<Live>,
) -> Result<(Recording, Vec<Person>)> {
    let Load { model, scenario, at_once, seed } = load;
    let before = Watch::new(live, Duration::from_secs(1));
    for person in &mut people {
        person.connect(&before).await.context("cannot connect")?;
    }
    let (mut recording, mut people) = match model {
        Model::Burst => burst::run(scenario, people, live).await?,
        Model::Closed(course) => {
            let at_once = at_once.unwrap_or(people.len());
            let (_, people) = closed::run(scenario, people, live, course.before(), at_once).await?;
            live.begin();
            closed::run(scenario, people, live, course, at_once).await?
        }
        Model::Open { rate, arrivals, course } => {
            let plan = |course| open::Plan { rate, arrivals, course, seed };
            let (_, people) = open::run(scenario, people, live, plan(course.before())).await?;
            live.begin();
            open::run(scenario, people, live, plan(course)).await?
        }
    };
    live.end();
    people.iter_mut().for_each(Person::disconnect);
    recording.connect.merge(&before.recording.borrow().connect);
    Ok((recording, people))
}
