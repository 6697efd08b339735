//! The limits of a pool, as a configuration of deadpool.

use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, Hook, HookError, Manager, Pool, QueueMode};

use crate::age::Ages;

/// The size of a pool, and the timeouts of a checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at most; opened when first needed.
    pub size: usize,
    /// How long a caller waits for a free connection.
    pub wait: Duration,
    /// How long opening a connection may take.
    pub create: Duration,
    /// How long checking a returned connection may take.
    pub recycle: Duration,
    /// Maximum age and idle time of connections.
    pub ages: Ages,
}

impl Limits {
    /// The limits that the settings give to a pool of `size` connections.
    pub fn of(settings: &settings::Database, size: usize) -> Self {
        Self {
            size,
            wait: Duration::from_millis(settings.wait_timeout_ms),
            create: Duration::from_millis(settings.create_timeout_ms),
            recycle: Duration::from_millis(settings.recycle_timeout_ms),
            ages: Ages::of(settings),
        }
    }
}

/// Builds a pool with these limits. It opens connections on demand.
///
/// Connections are checked out newest first, so that few of them stay in use in a quiet pool. One that
/// is too old is closed at its checkout, and the next one is tried.
///
/// # Errors
/// When deadpool refuses the configuration, which [`Runtime::Tokio1`] rules out.
pub fn build<M: Manager>(manager: M, limits: Limits) -> Result<Pool<M>, managed::BuildError> {
    Pool::builder(manager)
        .max_size(limits.size)
        .wait_timeout(Some(limits.wait))
        .create_timeout(Some(limits.create))
        .recycle_timeout(Some(limits.recycle))
        .queue_mode(QueueMode::Lifo)
        .pre_recycle(Hook::sync_fn(move |_, metrics| {
            let fit = limits.ages.admit(metrics);
            if fit { Ok(()) } else { Err(HookError::message("the connection is too old")) }
        }))
        .runtime(Runtime::Tokio1)
        .build()
}
