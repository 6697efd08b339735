//! Admission control: which requests are served, in which order, and which are refused.
//!
//! Hashing a password costs as much CPU as ten thousand ordinary requests. The [`HashingLane`] runs it on
//! a few threads with a low priority, so that everything else stays fast, and refuses a log-in at once when
//! it would wait too long.
//!
//! [`ConcurrencyLimit`] bounds the requests that are worked on at the same time: [`admit`] gives them slots
//! by [`Priority`], in front of the routes. [`Priorities`] are declared beside the routes.
//!
//! [`RateLimits`] bound the requests of a client over time: a [`Gate`] counts the requests of an address,
//! [`Logins`] and [`Codes`] count failures.

mod address;
mod bucket;
mod codes;
mod concurrency;
mod failures;
mod gate;
mod hashing;
mod hops;
mod limits;
mod logins;
mod own_origin;
mod path_pattern;
mod policy;

pub use address::ClientAddress;
pub use codes::Codes;
pub use concurrency::{
    Client, ConcurrencyLimit, Priorities, Priority, ServerBusy, Slot, admit, is_watching,
    wait_without_slot, watch_client,
};
pub use gate::Gate;
pub use hashing::{HashingLane, HashingRefused};
pub use hops::TrustedHops;
pub use limits::{RateLimits, SWEEP_EVERY};
pub use logins::Logins;
pub use own_origin::own_origin;
pub use policy::Limited;
