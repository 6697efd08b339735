//! Who may enter and when.
//!
//! Hashing a password costs as much CPU as ten thousand ordinary requests. The [`HashingLane`]
//! keeps it on a few threads of its own with a short queue, so that everything else stays quick
//! and a log-in that would wait too long is told so at once.

mod hashing;

pub use hashing::{HashingLane, HashingRefused};
