//! Signals that stop the process, and the schedule of the shutdown.

use std::time::Duration;
use std::{io, process, thread};

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tracing::{error, info, warn};

use crate::lifecycle::Lifecycle;

/// Time that the service still accepts connections after a signal, for requests that are under way and for
/// load balancers to notice.
const NOTICE_MAX: Duration = Duration::from_millis(250);

/// Time limit for closing all websockets with a reason.
const SOCKETS_MAX: Duration = Duration::from_millis(1500);

/// Time limit for accepted writes after the last request.
const DRAIN_MAX: Duration = Duration::from_millis(500);

/// Time reserved for the exit itself.
const EXIT_MAX: Duration = Duration::from_millis(100);

/// The parts of the grace period, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// Connections are still accepted, at least for this time.
    pub(crate) notice: Duration,
    /// Websockets are closed with a reason, and connections still accepted, at most for this time.
    pub(crate) sockets: Duration,
    /// Requests are finished.
    pub(crate) requests: Duration,
    /// Accepted writes are committed.
    pub(crate) writes: Duration,
}

impl Schedule {
    /// A schedule that ends within `grace`. A short grace shortens every part.
    pub(crate) fn of(grace: Duration) -> Self {
        let notice = NOTICE_MAX.min(grace / 8);
        let writes = DRAIN_MAX.min(grace / 4);
        let exit = EXIT_MAX.min(grace / 8);
        let sockets = SOCKETS_MAX.max(notice).min(grace / 4);
        let requests = grace.saturating_sub(sockets.max(notice) + writes + exit);
        Self { notice, sockets, requests, writes }
    }
}

/// Handles SIGTERM and ctrl-c on a thread of its own, so that the process exits at the end of the grace
/// period, and with a second signal at once, whatever else is stuck.
///
/// # Errors
/// When signals cannot be listened to.
pub(crate) fn handle_signals(lifecycle: &Lifecycle, grace: Duration) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut signals = {
        let _inside = runtime.enter();
        Signals::listen()?
    };
    let lifecycle = lifecycle.clone();
    let thread = thread::Builder::new().name("signals".to_owned());
    thread.spawn(move || runtime.block_on(run_signal_loop(&mut signals, &lifecycle, grace)))?;
    Ok(())
}

async fn run_signal_loop(signals: &mut Signals, lifecycle: &Lifecycle, grace: Duration) {
    let first = signals.next().await;
    lifecycle.drain();
    info!(signal = first.name, "cardroom was asked to stop by {}", first.name);
    let Ok(second) = timeout(grace.max(EXIT_MAX), signals.next()).await else {
        error!("cardroom ends with work undone, because its time to stop is over");
        exit(1);
    };
    warn!(signal = second.name, "cardroom ends at once, because of a second {}", second.name);
    exit(second.exit_code());
}

/// Exits at once, after flushing the log.
fn exit(code: i32) -> ! {
    telemetry::finish();
    process::exit(code);
}

/// A signal that asks the process to stop.
struct Request {
    name: &'static str,
    number: i32,
}

impl Request {
    const INTERRUPT: Self = Self { name: "SIGINT", number: 2 };
    const TERMINATE: Self = Self { name: "SIGTERM", number: 15 };

    /// What a shell reports of a program that a signal ended.
    fn exit_code(&self) -> i32 {
        128 + self.number
    }
}

/// The signals that ask the process to stop.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { interrupt, terminate })
    }

    async fn next(&mut self) -> Request {
        tokio::select! {
            _ = self.interrupt.recv() => Request::INTERRUPT,
            _ = self.terminate.recv() => Request::TERMINATE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_of_the_end_fit_into_the_grace() {
        for grace in [0, 1, 7, 100, 999, 8_000, 8_500].map(Duration::from_millis) {
            let Schedule { notice, sockets, requests, writes } = Schedule::of(grace);
            let all = notice.max(sockets) + requests + writes;
            assert!(all <= grace, "{grace:?}");
            assert!(grace.is_zero() || all < grace, "{grace:?}");
            assert!(requests >= grace * 3 / 8, "{grace:?}");
        }
    }
}
