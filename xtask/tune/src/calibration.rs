//! The measurements of this machine and this server: the input of the arithmetic.

use capacity::curve::{self, Curve, Level};
use capacity::hashing::{self, Measured};
use serde::{Deserialize, Serialize};

/// Measurements of one machine with one kind of database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Calibration {
    pub(crate) machine: String,
    pub(crate) cores: usize,
    /// In UTC, `YYYY-MM-DD`.
    pub(crate) date: String,
    pub(crate) commit: String,
    /// `sqlite` or `postgres`.
    pub(crate) database: String,
    /// Recent error of predictions, as a share: the least half width of an interval.
    pub(crate) margin: f64,
    /// Hashes a second of cost [`HASH_COST`] by 1, 2, 3 … threads.
    pub(crate) hashes: Vec<f64>,
    /// Hashes of cost [`HASH_COST`] in the time of one that costs two more; 4 where
    /// each step doubles the work.
    pub(crate) hash_step: f64,
    /// Resident memory after the first load, in MiB, and what each connection added, in KiB.
    pub(crate) resident_mib: f64,
    pub(crate) connection_kib: f64,
    /// Sizes of the pool, and the reads a second that each let through; none of SQLite.
    pub(crate) pools: Vec<usize>,
    pub(crate) pool_rates: Vec<f64>,
    pub(crate) save: Operation,
    pub(crate) join: Operation,
    pub(crate) read: Operation,
}

/// The cost at which hashing is measured.
pub(crate) const HASH_COST: u32 = 10;

/// The largest loops.
const PLATEAU: usize = 3;

/// One kind of request under load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operation {
    /// Users of closed loops, and requests a second.
    pub(crate) users: Vec<usize>,
    pub(crate) rates: Vec<f64>,
    /// The 95th percentile of the time to the answer of each loop, in milliseconds.
    pub(crate) p95_ms: Vec<f64>,
    /// Processor time of one request at the highest rate, in microseconds: of the server, of the
    /// database, of the tool that sends it.
    pub(crate) server_us: f64,
    pub(crate) database_us: f64,
    pub(crate) generator_us: f64,
    /// A group commit, in milliseconds; 0 where nothing is written.
    pub(crate) commit_ms: f64,
    /// Of the time of the highest rate, how much of it its lanes were committing: 1 is all of it.
    #[serde(default)]
    pub(crate) committing: f64,
    /// Share of the plateau of closed loops that open ones reached lately.
    pub(crate) open_share: f64,
    /// Users of each burst, and the 95th percentile of their times, in milliseconds.
    pub(crate) people: Vec<usize>,
    pub(crate) burst_ms: Vec<f64>,
}

impl Operation {
    pub(crate) fn levels(&self) -> Vec<Level> {
        let pairs = self.users.iter().zip(&self.rates);
        pairs.map(|(&users, &rate)| Level { users, rate }).collect()
    }

    pub(crate) fn curve(&self) -> Option<Curve> {
        curve::fit(&self.levels())
    }

    /// The mean rate of the largest loops, which more users do not raise: of the single best one luck is
    /// a part.
    pub(crate) fn plateau(&self) -> f64 {
        let top = &self.rates[self.rates.len().saturating_sub(PLATEAU)..];
        top.iter().sum::<f64>() / real(top.len().max(1))
    }

    /// The highest rate of a loop.
    pub(crate) fn best(&self) -> f64 {
        self.rates.iter().copied().fold(0.0, f64::max)
    }

    /// The time that one user alone waits on average, in seconds (Little's law).
    pub(crate) fn alone(&self) -> f64 {
        let first = self.users.iter().zip(&self.rates).next();
        first.map_or(0.0, |(&users, rate)| real(users) / rate)
    }

    /// The first loop that reaches `share` of the best rate: its rate, the mean time in seconds, and
    /// its 95th percentile in seconds.
    pub(crate) fn reaching(&self, share: f64) -> (f64, f64, f64) {
        let loops = self.users.iter().zip(&self.rates).zip(&self.p95_ms);
        let mut loops = loops.map(|((&users, &rate), p95)| (rate, real(users) / rate, p95 / 1e3));
        let found = loops.find(|(rate, ..)| *rate >= share * self.best());
        found.unwrap_or((1.0, 1.0, 1.0))
    }
}

impl Calibration {
    /// The smallest pool that lets through what can be, within 5 %; none where none was tried.
    pub(crate) fn pool_knee(&self) -> Option<usize> {
        let most = self.pool_rates.iter().copied().fold(0.0, f64::max);
        let mut tried = self.pools.iter().zip(&self.pool_rates);
        tried.find(|(_, rate)| **rate * 1.05 >= most).map(|(&size, _)| size)
    }

    /// Hashes a second of `cost` by number of threads.
    pub(crate) fn hashing(&self, cost: u32) -> Vec<Measured> {
        let steps = (f64::from(cost) - f64::from(HASH_COST)) / 2.0;
        let slower = self.hash_step.powf(steps);
        let rates = self.hashes.iter().zip(1..);
        rates.map(|(rate, threads)| Measured { threads, rate: rate / slower }).collect()
    }

    /// Hashes a second of `cost` on `cores` cores like those of this machine, and the threads that reach it:
    /// measured if the machine has that many, else extrapolated.
    pub(crate) fn hashes_on(&self, cores: f64, cost: u32) -> Measured {
        let measured = self.hashing(cost);
        let best = hashing::best(&measured).unwrap_or(Measured { threads: 1, rate: 1.0 });
        let here = real(self.cores);
        if (cores - here).abs() < f64::EPSILON {
            return best;
        }
        let one = measured.first().map_or(best.rate, |it| it.rate);
        let rate = if cores <= 1.0 { one * cores } else { best.rate / here * cores };
        Measured { threads: whole(cores.ceil()).max(1), rate }
    }
}

/// A count as a real number.
#[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 of anything")]
pub(crate) fn real(count: usize) -> f64 {
    count as f64
}

/// The whole part of something that is counted.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
pub(crate) fn whole(value: f64) -> usize {
    value.max(0.0) as usize
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn calibration() -> Calibration {
        let operation = |one: f64, commit_ms| Operation {
            users: vec![1, 2, 4, 8, 16, 25, 50],
            rates: [1.0, 2.0, 4.0, 7.5, 10.0, 10.2, 10.1].map(|it| it * one).to_vec(),
            p95_ms: vec![1.2, 1.2, 1.3, 1.5, 2.2, 3.5, 7.0],
            server_us: 80.0,
            database_us: 20.0,
            generator_us: 40.0,
            commit_ms,
            committing: if commit_ms > 0.0 { 0.9 } else { 0.0 },
            open_share: 1.0,
            people: vec![12, 24, 36],
            burst_ms: vec![3.0, 5.0, 7.0],
        };
        Calibration {
            machine: "a machine".to_owned(),
            cores: 2,
            date: "2026-11-23".to_owned(),
            commit: "abc1234".to_owned(),
            database: "postgres".to_owned(),
            margin: 0.15,
            hashes: vec![15.0, 29.0, 29.2, 28.9],
            hash_step: 4.0,
            resident_mib: 30.0,
            connection_kib: 60.0,
            pools: vec![1, 2, 4, 8],
            pool_rates: vec![9000.0, 15000.0, 19800.0, 20000.0],
            save: operation(1000.0, 2.0),
            join: operation(1000.0, 1.0),
            read: operation(2000.0, 0.0),
        }
    }

    #[test]
    fn hashes_of_other_costs_and_machines_follow_from_the_measured() {
        let it = calibration();
        assert_eq!(it.hashes_on(2.0, 10), Measured { threads: 2, rate: 29.0 });
        assert!((it.hashes_on(2.0, 12).rate - 7.25).abs() < 1e-9);
        assert_eq!(it.hashes_on(4.0, 10), Measured { threads: 4, rate: 58.0 });
        assert_eq!(it.hashes_on(1.0, 10), Measured { threads: 1, rate: 15.0 });
    }

    #[test]
    fn the_knee_is_the_first_loop_that_nearly_reaches_the_best() {
        let (rate, response, p95) = calibration().save.reaching(0.95);
        assert!((rate - 10_000.0).abs() < 1e-6 && (response - 0.0016).abs() < 1e-9);
        assert!((p95 - 0.0022).abs() < 1e-9);
    }
}
