//! The limit of open files and sockets.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// Descriptors of a connection: its socket, and a duplicate to check whether its client is connected.
const PER_CONNECTION: u64 = 2;

/// Descriptors for all the rest: the database, the log, the workers.
const REST: u64 = 200;

/// Raises the soft limit of descriptors to the hard limit: the default soft limit (often 1,024) exists for
/// programs that use `select()`. Warns when the connections need more.
pub(crate) fn raise(connections_max: usize) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        let raised = Rlimit { current: maximum, maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            warn!("the process may not have more files open than {current:?}: {error}");
        }
    }
    let needed = needed(connections_max);
    if let Some(there) = getrlimit(Resource::Nofile).current.filter(|it| *it < needed) {
        warn!(
            "server.connections_max allows {connections_max} connections, which need {needed} open files; \
             the system gives {there} (ulimit -n)"
        );
    }
}

fn needed(connections: usize) -> u64 {
    u64::try_from(connections).unwrap_or(u64::MAX).saturating_mul(PER_CONNECTION) + REST
}
