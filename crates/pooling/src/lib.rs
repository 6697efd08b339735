//! Connection pools with limits on size, age and waiting time.
//!
//! deadpool's defaults wait without end. Here every wait has a limit, and exceeding it is a [`PoolError`]
//! that names the wait. The crate `capacity` computes the sizes.

mod age;
mod error;
mod limits;

pub use age::Ages;
pub use error::PoolError;
pub use limits::{Limits, build};
