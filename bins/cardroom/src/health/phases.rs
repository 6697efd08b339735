//! The answers of a service that is not ready.

use api::Problem;

/// Seconds after which a retry makes sense.
const RETRY_SECS: u64 = 1;

/// 503: the database is not migrated yet.
pub(super) fn starting() -> Problem {
    Problem::unavailable("starting", "The service is starting, please try again", RETRY_SECS)
}

/// 503: the process was asked to stop.
pub(super) fn stopping() -> Problem {
    Problem::unavailable("stopping", "The service is stopping, please try another", RETRY_SECS)
}
