//! What is observed of the server and the machine during one load.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::Client;
use crate::metrics::{Cost, Scrape};
use crate::processors::Used;
use crate::progress::Progress;
use crate::standstill::{self, Detector};
use crate::watch::{Live, Sampled, sample};

/// An observation that is going on; its tasks end when it is dropped.
pub(super) struct Observation {
    pub(super) live: Arc<Live>,
    before: Scrape,
    used: Option<(i32, Used, Instant)>,
    sampled: Arc<Mutex<Sampled>>,
    detector: Arc<Mutex<Detector>>,
    _tasks: JoinSet<()>,
}

/// The result of an observation.
pub(super) struct Observed {
    pub(super) cost: Cost,
    pub(super) sampled: Sampled,
    /// The longest standstill of the server.
    pub(super) standstill: Duration,
}

impl Observation {
    /// Begins with a load of this name; `pid` is the process of a spawned server.
    pub(super) async fn begin(
        client: &Client,
        pid: Option<i32>,
        progress: Progress,
        name: &str,
    ) -> Self {
        let (live, sampled, detector) = <(Arc<Live>, Arc<_>, Arc<_>)>::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(sample(live.clone(), Arc::clone(&sampled)));
        tasks.spawn(standstill::watch(live.clone(), pid, Arc::clone(&detector)));
        tasks.spawn(progress.follow(name.to_owned(), live.clone()));
        let before = Scrape::of(client).await;
        let used = pid.map(|pid| (pid, Used::now(pid), Instant::now()));
        Self { live, before, used, sampled, detector, _tasks: tasks }
    }

    pub(super) async fn end(self, client: &Client) -> Observed {
        let cores = self
            .used
            .map(|(pid, used, start)| Used::now(pid).since(used, start.elapsed().as_secs_f64()));
        let sampled = self.sampled.lock().map(|it| *it).unwrap_or_default();
        let standstill = standstill::longest(&self.detector);
        let cost = Cost { cores, ..Scrape::of(client).await.since(&self.before) };
        Observed { cost, sampled, standstill }
    }
}
