//! How many files and sockets the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// Descriptors that a connection needs: its socket, and a second one to see whether its client is there.
const PER_CONNECTION: u64 = 2;

/// Descriptors for all the rest: the database, the log, the workers.
const REST: u64 = 200;

/// Takes as many descriptors as the system gives without asking anybody: what programs begin with, often
/// 1,024, is for those of old that knew no larger numbers. Says so when connections need more.
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
