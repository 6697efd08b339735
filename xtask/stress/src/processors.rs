//! Processor time by user: the server, the generator, the database, everything else.

use std::fs;

use rustix::param::clock_ticks_per_second;
use serde::{Deserialize, Serialize};

use crate::statistics::real;

/// Processor time that was used so far, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    all: f64,
    stolen: f64,
    server: f64,
    database: f64,
    ours: f64,
}

/// Cores in use during a load, on average.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Cores {
    /// Of the server.
    pub server: f64,
    /// Of all PostgreSQL processes.
    pub database: f64,
    /// Of the load tool.
    pub ours: f64,
    /// Of everything else, including other virtual machines.
    pub others: f64,
    /// Part of `others` that the hypervisor gave to other virtual machines.
    #[serde(default)]
    pub stolen: f64,
    /// Length of the measurement.
    #[serde(default)]
    pub seconds: f64,
}

/// Processor time of one process, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProcessorTime {
    /// In the program itself.
    user: f64,
    /// In the kernel, on behalf of the program.
    pub system: f64,
}

impl ProcessorTime {
    /// The time so far of all threads of a process; `number` is its id, or `self`.
    pub fn of(number: &str) -> Option<Self> {
        process(number).map(|(_, time)| time)
    }

    /// The sum of both.
    pub fn total(self) -> f64 {
        self.user + self.system
    }

    /// The difference to `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self { user: self.user - before.user, system: self.system - before.system }
    }
}

impl Used {
    /// Usage until now; `server` is a process id.
    pub(crate) fn now(server: i32) -> Self {
        let (all, stolen) = machine().unwrap_or_default();
        Self {
            all,
            stolen,
            server: ProcessorTime::of(&server.to_string()).map_or(0.0, ProcessorTime::total),
            database: databases(),
            ours: ProcessorTime::of("self").map_or(0.0, ProcessorTime::total),
        }
    }

    /// Cores in use since `before`, `seconds` ago.
    pub(crate) fn since(self, before: Self, seconds: f64) -> Cores {
        let cores = |now: f64, then: f64| ((now - then) / seconds).max(0.0);
        let (server, ours) = (cores(self.server, before.server), cores(self.ours, before.ours));
        let database = cores(self.database, before.database);
        let others = (cores(self.all, before.all) - server - ours - database).max(0.0);
        let stolen = cores(self.stolen, before.stolen).min(others);
        Cores { server, database, ours, others, stolen, seconds }
    }
}

/// The place of stolen time in the first line of /proc/stat.
const STEAL: usize = 7;

/// Busy time of all cores, and the part of it that was stolen.
fn machine() -> Option<(f64, f64)> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let numbers: Vec<u64> =
        text.lines().next()?.split_whitespace().skip(1).filter_map(|it| it.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal
    let busy = [0, 1, 2, 5, 6, STEAL].iter().filter_map(|&place| numbers.get(place)).sum();
    Some((seconds(busy), seconds(numbers.get(STEAL).copied().unwrap_or_default())))
}

/// The name of a process, and its processor time.
fn process(number: &str) -> Option<(String, ProcessorTime)> {
    parse(&fs::read_to_string(format!("/proc/{number}/stat")).ok()?)
}

fn parse(stat: &str) -> Option<(String, ProcessorTime)> {
    // The name is in parentheses and may hold anything.
    let (head, rest) = stat.rsplit_once(") ")?;
    let name = head.split_once('(')?.1.to_owned();
    let mut times = rest.split(' ').skip(11).filter_map(|it| it.parse().ok()).map(seconds);
    Some((name, ProcessorTime { user: times.next()?, system: times.next()? }))
}

/// Processor time of all PostgreSQL processes.
fn databases() -> f64 {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let numbers = names.filter(|name| name.starts_with(|it: char| it.is_ascii_digit()));
    let all = numbers.filter_map(|number| process(&number));
    all.filter(|(name, _)| name == "postgres").map(|(_, used)| used.total()).sum()
}

fn seconds(ticks: u64) -> f64 {
    real(ticks) / real(clock_ticks_per_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_was_used_by_others() {
        let before = Used::default();
        let now = Used { all: 8.0, stolen: 0.5, server: 3.0, database: 1.0, ours: 2.0 };

        let cores = now.since(before, 2.0);

        assert!((cores.server - 1.5).abs() < 1e-9 && (cores.others - 1.0).abs() < 1e-9);
        assert!((cores.stolen - 0.25).abs() < 1e-9);
    }

    #[test]
    fn user_and_system_time_are_distinguished() {
        let (name, time) = parse("7 (a) b) R 1 2 3 4 5 6 7 8 9 10 150 50 0 0").unwrap();
        let expected = ProcessorTime { user: seconds(150), system: seconds(50) };
        assert_eq!((name.as_str(), time), ("a) b", expected));
    }

    #[test]
    fn this_process_has_a_name_and_uses_something() {
        assert!(process("self").is_some_and(|(name, _)| name.starts_with("stress")));
        assert!(machine().is_some_and(|(used, stolen)| used > stolen));
    }
}
