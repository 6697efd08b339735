//! What a load records while it runs: samples, live counters, and the cost of the generator's thread.

use std::cell::RefCell;
use std::fs;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::statistics::real;
use crate::tally::{Generator, Outcome, Recording, Sample};

/// Interval between two samples of the requests in flight.
const EVERY: Duration = Duration::from_millis(5);

/// Counters of a load that other threads read.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) in_flight: AtomicUsize,
    pub(crate) succeeded: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) failed: AtomicU64,
    /// Counts up while the generator's thread gets to run.
    pub(crate) beats: AtomicU64,
    measuring: AtomicBool,
}

/// Requests in flight, as sampled from another thread.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sampled {
    pub(crate) mean: f64,
    pub(crate) count: u64,
}

impl Live {
    pub(crate) fn count(&self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Success => &self.succeeded,
            Outcome::Refused { .. } => &self.refused,
            Outcome::Failed(_) => &self.failed,
        };
        counter.fetch_add(1, Relaxed);
    }

    /// Answers of any kind, and requests that failed.
    pub(crate) fn answers(&self) -> u64 {
        [&self.succeeded, &self.refused, &self.failed].map(|it| it.load(Relaxed)).iter().sum()
    }

    /// Begins the measurement after the warm-up, or ends it.
    pub(crate) fn measure(&self, measuring: bool) {
        self.measuring.store(measuring, Relaxed);
    }
}

/// Counts beats until the task is aborted.
pub(crate) async fn beat(live: Arc<Live>) {
    loop {
        live.beats.fetch_add(1, Relaxed);
        tokio::time::sleep(EVERY).await;
    }
}

/// Samples the requests in flight until the task is aborted.
pub(crate) async fn sample(live: Arc<Live>, sampled: Arc<Mutex<Sampled>>) {
    let (mut sum, mut count) = (0, 0);
    loop {
        tokio::time::sleep(EVERY).await;
        if !live.measuring.load(Relaxed) {
            continue;
        }
        sum += live.in_flight.load(Relaxed) as u64;
        count += 1;
        if let Ok(mut sampled) = sampled.lock() {
            *sampled = Sampled { mean: real(sum) / real(count), count };
        }
    }
}

/// The recording of a load that is under way, on the generator's thread.
pub(crate) struct Watch {
    pub(crate) live: Arc<Live>,
    start: Instant,
    meter: Meter,
    recording: RefCell<Recording>,
}

impl Watch {
    pub(crate) fn new(live: &Arc<Live>, time: Duration) -> Self {
        let recording = RefCell::new(Recording::of(time));
        Self { live: live.clone(), start: Instant::now(), meter: Meter::start(), recording }
    }

    pub(crate) fn record(&self, user: usize, planned: bool, sample: &Sample) {
        self.live.count(&sample.outcome);
        self.recording.borrow_mut().add(self.start, user, planned, sample);
    }

    pub(crate) fn connected(&self, time: Duration) {
        self.recording.borrow_mut().connect.record(time);
    }

    /// Counts an arrival that found every user busy.
    pub(crate) fn drop_arrival(&self) {
        self.recording.borrow_mut().dropped += 1;
    }

    /// The recording; `offered` is how many requests were due, where a plan says so.
    pub(crate) fn finish(self: &Rc<Self>, offered: Option<u64>) -> Recording {
        let mut recording = self.recording.take();
        recording.seconds = self.start.elapsed().as_secs_f64();
        recording.generator = self.meter.read();
        recording.offered = offered.unwrap_or_else(|| recording.total());
        recording
    }
}

/// Measures the thread that made it, by the kernel's accounts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meter {
    start: Instant,
    cpu: f64,
    waited: f64,
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now(), cpu: cpu_seconds(), waited: waited_seconds() }
    }

    /// Consumption since the start.
    pub(crate) fn read(&self) -> Generator {
        Generator {
            cpu: cpu_seconds() - self.cpu,
            waited: waited_seconds() - self.waited,
            wall: self.start.elapsed().as_secs_f64(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a thread runs for less than 2^52 ns")]
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Time that this thread was runnable without a core; zero where the kernel does not count it.
fn waited_seconds() -> f64 {
    let counts = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let waited = counts.split(' ').nth(1).and_then(|it| it.trim().parse().ok());
    real(waited.unwrap_or(0)) / 1e9
}
