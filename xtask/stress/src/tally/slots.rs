//! A load over time, in slots that are coarse enough to be drawn and kept for hours.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::statistics::real;
use crate::times::micros;

/// Rows of latency, four to a doubling; the last one has no upper bound.
pub(crate) const LATENCY_ROWS: usize = 80;

/// Slots of a load.
const SLOTS: u32 = 120;

const SHORTEST_SLOT: Duration = Duration::from_millis(20);

/// Slots of the same length, from the start of the load.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Slots {
    /// In microseconds.
    pub(crate) length: u64,
    pub(crate) all: Vec<Slot>,
}

/// The requests that ended in a slot.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Slot {
    /// Successes by the row of their response time, up to the last row with any.
    pub(crate) latencies: Vec<u32>,
    pub(crate) refused: u32,
    pub(crate) failed: u32,
}

impl Slot {
    pub(crate) fn successes(&self) -> u64 {
        self.latencies.iter().map(|&count| u64::from(count)).sum()
    }

    /// The row that holds the quantile `q`.
    pub(crate) fn quantile_row(&self, q: f64) -> Option<usize> {
        let wanted = real(self.successes()) * q;
        let mut seen = 0;
        self.latencies.iter().position(|&count| {
            seen += u64::from(count);
            seen > 0 && real(seen) >= wanted
        })
    }
}

impl Slots {
    pub(crate) fn of(time: Duration) -> Self {
        Self { length: micros((time / SLOTS).max(SHORTEST_SLOT)), all: Vec::new() }
    }

    pub(crate) fn add(&mut self, at: Duration, response: Duration, outcome: &Outcome) {
        let number = usize::try_from(micros(at) / self.length.max(1)).unwrap_or(usize::MAX);
        // A straggler long after the end of the run is not drawn.
        if self.length == 0 || number > 100 * SLOTS as usize {
            return;
        }
        if self.all.len() <= number {
            self.all.resize_with(number + 1, Slot::default);
        }
        let slot = &mut self.all[number];
        match outcome {
            Outcome::Success => {
                let row = row(response);
                if slot.latencies.len() <= row {
                    slot.latencies.resize(row + 1, 0);
                }
                slot.latencies[row] += 1;
            }
            Outcome::Refused { .. } => slot.refused += 1,
            Outcome::Failed(_) => slot.failed += 1,
        }
    }

    /// Appends another load.
    pub(crate) fn follow(&mut self, other: &Self) {
        if self.length == 0 {
            self.length = other.length;
        }
        self.all.extend(other.all.iter().cloned());
    }
}

/// The row of a response time.
pub(crate) fn row(time: Duration) -> usize {
    let micros = micros(time).max(1);
    let doublings = micros.ilog2() as usize;
    let rest = micros - (1 << doublings);
    // Quarters of a doubling, of equal width.
    let quarter = usize::try_from((rest * 4) >> doublings).unwrap_or(3);
    (doublings * 4 + quarter).min(LATENCY_ROWS - 1)
}

/// The shortest time of a row, in microseconds.
pub(crate) fn row_floor(row: usize) -> u64 {
    let (doublings, quarter) = (row / 4, row as u64 % 4);
    (1 << doublings) + ((quarter << doublings) >> 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_row_whose_bounds_hold_it() {
        for micros in [4, 5, 99, 1000, 1023, 1024, 50_000, 700_000] {
            let row = row(Duration::from_micros(micros));
            assert!(row_floor(row) <= micros && micros < row_floor(row + 1), "{micros}: {row}");
        }
    }

    #[test]
    fn slots_count_what_ended_in_them() {
        let mut slots = Slots::of(Duration::from_mins(2));
        slots.add(Duration::from_millis(1500), Duration::from_millis(3), &Outcome::Success);
        slots.add(Duration::from_millis(1900), Duration::ZERO, &Outcome::Failed("500".into()));

        assert_eq!(slots.all.len(), 2);
        assert_eq!((slots.all[1].successes(), slots.all[1].failed), (1, 1));
        assert_eq!(slots.all[1].quantile_row(0.95), Some(row(Duration::from_millis(3))));
    }
}
