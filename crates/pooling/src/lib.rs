//! Pools with limits: how many connections there are, and how long anyone waits for one.
//!
//! deadpool's defaults wait without end. Here every wait has a limit, and running into it is a
//! [`PoolError`] that says which of the three waits it was. [`capacity`] computes how large all of it
//! is to be.

mod age;
pub mod capacity;
mod error;
mod limits;
mod waits;

pub use age::Ages;
pub use error::PoolError;
pub use limits::{Limits, build};
pub use waits::{Wait, Waits, waiting, watched};
