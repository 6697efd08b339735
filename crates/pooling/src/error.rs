//! Why the checkout of a connection failed.

use std::fmt::Display;

use deadpool::managed::{self, TimeoutType};
use thiserror::Error;

/// Why the checkout of a connection failed. The cause is always the database, never the caller.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PoolError {
    /// All connections were in use until the wait timed out.
    #[error("no database connection came free in time")]
    Busy,
    /// The database did not answer while a connection was opened or checked.
    #[error("the database did not answer in time")]
    Slow,
    /// The database refused or broke the connection, or the pool is closed.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
}

impl<E: Display> From<managed::PoolError<E>> for PoolError {
    fn from(error: managed::PoolError<E>) -> Self {
        match error {
            managed::PoolError::Timeout(TimeoutType::Wait) => Self::Busy,
            managed::PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle) => Self::Slow,
            managed::PoolError::Backend(error) => Self::Unreachable(error.to_string()),
            other => Self::Unreachable(other.to_string()),
        }
    }
}
