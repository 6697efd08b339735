//! Puts a server under load and reports whether it met its objectives, or that the run proves nothing.
//!
//! [`cli`] is the program `cargo xtask stress`; what it measures is a [`Run`], which `tune` reads. The
//! other modules are what measuring tools share.

mod ab;
mod arguments;
mod broadcast;
pub mod cli;
pub mod client;
mod compare;
mod document;
mod engine;
mod evidence;
mod exit;
mod figures;
mod finding;
mod footprint;
pub mod hash;
mod http;
mod ladder;
mod load;
pub mod machine;
mod metrics;
mod needs;
mod objective;
mod outputs;
mod page;
mod pgbench;
mod processors;
mod progress;
mod record;
mod scenario;
pub mod server;
mod session;
mod slo;
mod slow_clients;
mod spawn;
mod stage;
mod standstill;
pub mod statistics;
mod survive;
mod table;
mod tally;
mod target;
#[cfg(test)]
mod tests;
mod times;
mod user;
mod validity;
mod verify;
mod watch;

pub use needs::Needs;
pub use processors::{Cores, ProcessorTime};
pub use record::{COMMIT, Run, Section};
pub use times::Times;
