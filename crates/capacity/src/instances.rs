//! How many instances a platform runs, how many requests it sends to each, and the memory of one
//! (F12, F13).
//!
//! Source: Google's documentation of Cloud Run ("Maximum concurrent requests", "About instance
//! autoscaling", "CPU limits"), which scales at 60 % of either processor or concurrency.

use crate::quantities::{at_least, at_most, real};

/// Share of processor or concurrency at which Cloud Run starts another instance.
pub const SCALING_USE: f64 = 0.6;

/// Requests that Cloud Run sends to one instance at most.
pub const CONCURRENCY_MAX: usize = 1000;

/// Memory to spare above the sum of the parts.
const MEMORY_SLACK: f64 = 1.3;

/// Concurrent requests that an instance is sent (F12): those in progress, those in the queue, and
/// sockets, each of which is a request for as long as it is open.
pub fn concurrency(limit: usize, queue: usize, sockets: usize) -> usize {
    (limit + queue + sockets).clamp(1, CONCURRENCY_MAX)
}

/// The load that instances are counted for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Requests a second.
    pub rate: f64,
    /// CPU seconds of each request.
    pub core_seconds: f64,
    /// Response time, in seconds.
    pub response: f64,
    /// Open sockets.
    pub sockets: usize,
}

/// Instances that a load needs (F12), with the cores and the concurrent requests of each.
pub fn instances_for(load: &Load, cores: f64, concurrency: usize) -> usize {
    let by_processor = at_least(load.rate * load.core_seconds / (SCALING_USE * cores));
    let under_way = load.rate * load.response + real(load.sockets);
    by_processor.max(at_least(under_way / (SCALING_USE * real(concurrency))))
}

/// Instances that always run (F12): enough for the load of a quiet hour, and at least one when there
/// are sockets, which need a running instance.
pub fn instances_min(quiet_rate: f64, rate_of_one: f64, has_sockets: bool) -> usize {
    let for_load = at_most((quiet_rate / (SCALING_USE * rate_of_one)).ceil());
    for_load.max(usize::from(has_sockets))
}

/// The memory of an instance, in MiB (F13).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    /// The idle process.
    pub base: f64,
    /// Requests in progress, and the memory of each.
    pub requests: (usize, f64),
    /// Sockets, and the memory of each.
    pub sockets: (usize, f64),
    /// Threads that hash, and the memory of each: 0.004 for bcrypt, 19 to 64 for Argon2.
    pub hashes: (usize, f64),
    /// Connections to the database, and the memory of each in this process.
    pub connections: (usize, f64),
}

impl Memory {
    /// The memory to provide, in MiB.
    pub fn needed(&self) -> f64 {
        let parts = [self.requests, self.sockets, self.hashes, self.connections];
        let parts: f64 = parts.iter().map(|(count, each)| real(*count) * each).sum();
        MEMORY_SLACK * (self.base + parts)
    }
}

/// The least memory that Cloud Run allows for this many cores, in MiB; `None` for an unsupported number.
pub fn memory_floor(cores: f64) -> Option<usize> {
    match cores {
        it if (0.08..1.0).contains(&it) => Some(128),
        it if it.fract() != 0.0 => None,
        1.0 | 2.0 => Some(128),
        4.0 => Some(2048),
        6.0 | 8.0 => Some(4096),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_platform_has_its_shapes() {
        assert_eq!(
            [0.5, 1.0, 2.0, 3.0, 4.0, 8.0, 1.5, 0.0].map(memory_floor),
            [Some(128), Some(128), Some(128), None, Some(2048), Some(4096), None, None]
        );
        assert_eq!((concurrency(15, 180, 55), concurrency(256, 5000, 55)), (250, 1000));
    }

    #[test]
    fn sockets_keep_an_instance_and_a_slot_each() {
        assert_eq!((instances_min(0.0, 400.0, true), instances_min(0.0, 400.0, false)), (1, 0));
        assert_eq!(instances_min(500.0, 400.0, true), 3);
        let load = Load { rate: 300.0, core_seconds: 0.001, response: 0.02, sockets: 300 };
        assert_eq!(instances_for(&load, 2.0, 250), 3);
    }

    proptest! {
        #[test]
        fn memory_is_at_least_the_sum_of_its_parts(
            base in 1.0..500.0_f64, requests in 0..2000_usize, each in 0.0..2.0_f64,
        ) {
            let none = (0, 0.0);
            let it = Memory {
                base, requests: (requests, each), sockets: none, hashes: (2, 0.004), connections: none,
            };
            prop_assert!(it.needed() >= base + real(requests) * each);
            let more = Memory { requests: (requests + 1, each), ..it };
            prop_assert!(more.needed() >= it.needed());
        }

        #[test]
        fn instances_are_used_no_more_than_the_share_at_which_they_scale(
            rate in 0.0..1e5_f64, core_seconds in 1e-6..0.1_f64, sockets in 0..5000_usize,
            concurrency in 1..1000_usize,
        ) {
            let load = Load { rate, core_seconds, response: 0.02, sockets };
            let count = real(instances_for(&load, 2.0, concurrency));
            prop_assert!(rate * core_seconds / (2.0 * count) <= SCALING_USE + 1e-6);
            let under_way = rate * 0.02 + real(sockets);
            prop_assert!(under_way / (real(concurrency) * count) <= SCALING_USE + 1e-6);
        }
    }
}
