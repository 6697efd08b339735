//! Standstills of the server: no answer to any request in flight, although the generator was on time and the
//! server's threads were not waiting for a core.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::watch::Live;

/// Interval between two samples.
const EVERY: Duration = Duration::from_millis(50);

/// One sample of a load.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Instant,
    in_flight: usize,
    /// Answers of any kind so far.
    answers: u64,
    /// Beats of the generator's thread so far.
    beats: u64,
}

/// Time that threads were runnable without a core, by thread.
type Waits = BTreeMap<OsString, Duration>;

/// The longest standstill so far.
#[derive(Debug, Default)]
pub(crate) struct Detector {
    last: Option<Sample>,
    /// The period without answers that is going on, and the part of it that is not the server's fault.
    silence: Duration,
    excused: Duration,
    /// Time that each thread of the server had waited for a core when the silence began.
    waits: Waits,
    longest: Duration,
}

impl Detector {
    /// Adds a sample; `waits` is read only while the server is silent.
    fn add(&mut self, sample: Sample, waits: impl FnOnce() -> Waits) {
        let Some(last) = self.last.replace(sample) else { return };
        if sample.in_flight == 0 || sample.answers != last.answers {
            (self.silence, self.excused) = (Duration::ZERO, Duration::ZERO);
            return;
        }
        let waits = waits();
        let waited = |(thread, now): (&OsString, &Duration)| {
            now.saturating_sub(self.waits.get(thread).copied().unwrap_or_default())
        };
        let waiting = waits.iter().map(waited).max().unwrap_or_default();
        let is_first = self.silence.is_zero();
        let step = sample.at - last.at;
        self.silence += step;
        // A late sample, or a generator that did not run, proves nothing about the server.
        let is_generator_late = sample.beats == last.beats;
        self.excused += if is_generator_late { step } else { step.saturating_sub(2 * EVERY) };
        if is_first {
            self.waits = waits;
        } else {
            self.excused = self.excused.max(waiting);
        }
        self.longest = self.longest.max(self.silence.saturating_sub(self.excused));
    }
}

/// Samples a load until the task is aborted.
pub(crate) async fn watch(live: Arc<Live>, pid: Option<i32>, detector: Arc<Mutex<Detector>>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let sample = Sample {
            at: Instant::now(),
            in_flight: live.in_flight.load(Relaxed),
            answers: live.answers(),
            beats: live.beats.load(Relaxed),
        };
        let mut detector = detector.lock().unwrap_or_else(PoisonError::into_inner);
        detector.add(sample, || pid.map(waits).unwrap_or_default());
    }
}

/// The longest standstill that was seen.
pub(crate) fn longest(detector: &Mutex<Detector>) -> Duration {
    detector.lock().unwrap_or_else(PoisonError::into_inner).longest
}

fn waits(pid: i32) -> Waits {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let wait = |it: fs::DirEntry| {
        let counts = fs::read_to_string(it.path().join("schedstat")).ok()?;
        let nanoseconds = counts.split(' ').nth(1)?.trim().parse().ok()?;
        Some((it.file_name(), Duration::from_nanos(nanoseconds)))
    };
    threads.filter_map(wait).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The standstill, in tenths of a second, after samples at intervals of a tenth: of each, the requests
    /// in flight, the answers and the beats.
    fn longest(samples: &[(usize, u64, u64)], waits: impl Fn(u64) -> u64) -> u128 {
        let mut detector = Detector::default();
        let start = Instant::now();
        for (place, &(in_flight, answers, beats)) in (0..).zip(samples) {
            let at = start + Duration::from_millis(100 * place);
            let sample = Sample { at, in_flight, answers, beats };
            let waited = Duration::from_millis(100 * waits(place));
            detector.add(sample, || Waits::from([("worker".into(), waited)]));
        }
        detector.longest.as_millis() / 100
    }

    #[test]
    fn a_server_that_does_not_answer_stands_still() {
        let samples = [(5, 1, 1), (5, 2, 2), (5, 2, 3), (5, 2, 4), (5, 2, 5), (5, 3, 6), (5, 3, 7)];
        assert_eq!(longest(&samples, |_| 0), 3);
    }

    #[test]
    fn a_server_without_requests_does_not_stand_still() {
        let samples = [(0, 2, 1), (0, 2, 2), (0, 2, 3)];
        assert_eq!(longest(&samples, |_| 0), 0);
    }

    #[test]
    fn a_generator_that_did_not_run_proves_nothing() {
        let samples = [(5, 2, 1), (5, 2, 1), (5, 2, 1), (5, 2, 2)];
        assert_eq!(longest(&samples, |_| 0), 1);
    }

    #[test]
    fn a_server_that_waits_for_a_core_does_not_stand_still() {
        let samples = [(5, 2, 1), (5, 2, 2), (5, 2, 3), (5, 2, 4)];
        assert_eq!(longest(&samples, |place| place), 1);
        assert_eq!(longest(&samples, |_| 7), 3, "it waited before");
    }

    #[test]
    fn a_process_has_waited_for_cores() {
        assert!(waits(i32::MAX).is_empty());
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(waits(own).len() > 1);
    }
}
