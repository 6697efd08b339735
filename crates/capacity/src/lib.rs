//! The arithmetic behind `cargo xtask tune`: how many connections, threads and instances, without I/O.
//!
//! | | what | where |
//! |---|---|---|
//! | F1, F2 | demands, the throughput ceiling and its bottleneck | [`demand`] |
//! | F4, F5 | waiting times in steady traffic and in a burst | [`waiting`] |
//! | F6, F7, F15 | the smallest and the largest pool, and the connections of all instances | [`connections`] |
//! | F8, F14 | hashing threads, and the log-ins that they sustain | [`hashing`] |
//! | F9 | a simulation, for cases without a closed form | [`simulation`] |
//! | F10 | concurrent requests, and queued ones | [`slots`] |
//! | F12, F13 | instances, and the memory of each | [`instances`] |
//! | | capacity curves fitted to measured rates, and the choice between them | [`curve`] |
//!
//! Little's law (F3) is among the checks of `xtask/stress`, and the shares of priorities (F11) are
//! those of `admission::Priority`.
//!
//! Times are seconds, rates are per second, memory is MiB, unless a name says otherwise. Rates and
//! times that are not positive give the smallest sensible result: nothing here panics, and a count is
//! never 0 where one is needed.

pub mod connections;
pub mod curve;
pub mod demand;
pub mod hashing;
pub mod instances;
mod quantities;
pub mod simulation;
pub mod slots;
pub mod waiting;

pub use quantities::{P95, TARGET_USE};
