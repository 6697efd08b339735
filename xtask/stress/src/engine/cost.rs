//! What the generator's thread costs, from the kernel's accounts.

use std::fs;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

use crate::statistics::real;
use crate::tally::Generator;

/// Measures the thread that made it.
pub(crate) struct Meter {
    start: Instant,
    cpu: f64,
    waited: f64,
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now(), cpu: cpu_seconds(), waited: waited_seconds() }
    }

    /// What was needed since the start.
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

/// Time that this thread was ready to run and had no core; zero where the kernel does not count it.
fn waited_seconds() -> f64 {
    let counts = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let waited = counts.split(' ').nth(1).and_then(|it| it.trim().parse().ok());
    real(waited.unwrap_or(0)) / 1e9
}
