//! The limit of requests that are worked on at the same time.
//!
//! More concurrency than the machine can use adds latency and no throughput. So there are slots
//! ([`ConcurrencyLimit`]); a request that finds none waits for a short time in the queue of its
//! [`Priority`], and is refused with 503 when that was too long or the queue is full.
//!
//! A standing queue is served newest first: the newest requests can still be answered in time, the oldest
//! have been given up by their clients or are about to be. Oldest first would delay every request by the
//! length of the queue.

mod client;
mod figures;
mod layer;
mod limit;
mod priority;
mod slots;
pub(crate) mod without_slot;

pub use client::{Client, watch_client};
pub use layer::admit;
pub use limit::{ConcurrencyLimit, ServerBusy, Slot};
pub use priority::{Priorities, Priority, is_watching};
pub use without_slot::wait_without_slot;
