//! Who may enter and when.
//!
//! Hashing a password costs as much CPU as ten thousand ordinary requests. The [`HashingLane`]
//! keeps it on a few threads of its own that give way to all others, so that everything else stays
//! quick, and a log-in that would wait too long is told so at once.
//!
//! [`ConcurrencyLimit`] bounds how much is worked on at the same time: [`admit`] lets requests in by
//! [`Priority`], in front of the routes.
//!
//! [`RateLimits`] bound how often somebody may ask: a [`Gate`] counts the requests of an address beside
//! the routes it guards, [`Logins`] and [`Codes`] count what went wrong.

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
mod policy;

pub use address::ClientAddress;
pub use codes::Codes;
pub use concurrency::{
    Client, ConcurrencyLimit, Priorities, Priority, ServerBusy, Slot, admit, is_watching,
    watch_client,
};
pub use gate::Gate;
pub use hashing::{HashingLane, HashingRefused};
pub use hops::TrustedHops;
pub use limits::{RateLimits, SWEEP_EVERY};
pub use logins::Logins;
pub use own_origin::own_origin;
pub use policy::Limited;
