//! A circuit breaker for a PostgreSQL that accepts connections and answers nothing.
//!
//! A query that has no answer after [`SUSPECT_AFTER`] makes the breaker probe the server on a new
//! connection. When the probe has no answer either, the query fails and the breaker is open: connections
//! are refused at once until a later probe is answered. On a server that answers probes, a slow query is
//! waited for as before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

/// The time without an answer after which the server is probed.
pub(crate) const SUSPECT_AFTER: Duration = Duration::from_secs(1);

/// The time for the answer to a probe. With [`SUSPECT_AFTER`] it stays below 3 s.
const PROBE_TIMEOUT: Duration = Duration::from_millis(1500);

/// The outcome of a probe is shared for this time.
const PROBE_AGE_MAX: Duration = Duration::from_secs(1);

/// Connects to the server; completes when it answers, with whatever answer.
type Probe = Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// See the module. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Breaker(Arc<Inner>);

struct Inner {
    probe: Probe,
    runtime: Handle,
    /// When the server was probed last, and whether it answered. Locked during a probe.
    last: Mutex<Option<(Instant, bool)>>,
    is_open: AtomicBool,
    is_probing: AtomicBool,
}

impl Breaker {
    /// A closed breaker, which probes on `runtime`.
    pub(crate) fn new(
        runtime: Handle,
        probe: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            probe: Box::new(probe),
            runtime,
            last: Mutex::new(None),
            is_open: AtomicBool::new(false),
            is_probing: AtomicBool::new(false),
        }))
    }

    /// Whether connections are refused. Then a probe in the background finds out when to stop.
    pub(crate) fn is_open(&self) -> bool {
        let is_open = self.0.is_open.load(Ordering::Relaxed);
        if is_open && !self.0.is_probing.swap(true, Ordering::Relaxed) {
            let this = self.clone();
            self.0.runtime.spawn(async move {
                // Until the outcome of the last probe is old.
                sleep(PROBE_AGE_MAX).await;
                this.server_answers().await;
                this.0.is_probing.store(false, Ordering::Relaxed);
            });
        }
        is_open
    }

    /// Probes the server, or takes the outcome of a recent probe; opens or closes the breaker.
    pub(crate) async fn server_answers(&self) -> bool {
        let mut last = self.0.last.lock().await;
        if let Some((at, answers)) = *last
            && at.elapsed() < PROBE_AGE_MAX
        {
            return answers;
        }
        let answers = timeout(PROBE_TIMEOUT, (self.0.probe)()).await.is_ok();
        *last = Some((Instant::now(), answers));
        self.0.is_open.store(!answers, Ordering::Relaxed);
        answers
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use futures::FutureExt as _;
    use futures::future::join_all;

    #[tokio::test]
    async fn a_silent_server_is_probed_once_for_all_and_again_until_it_answers() {
        let (probes, answers) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let probe = {
            let (probes, answers) = (probes.clone(), answers.clone());
            move || {
                probes.fetch_add(1, Ordering::Relaxed);
                if answers.load(Ordering::Relaxed) { async {}.boxed() } else { pending().boxed() }
            }
        };
        let breaker = Breaker::new(Handle::current(), probe);
        assert!(!breaker.is_open(), "nothing is suspected");

        let all = join_all((0..50).map(|_| breaker.server_answers())).await;
        assert!(all.iter().all(|answers| !answers) && breaker.is_open());
        assert_eq!(probes.load(Ordering::Relaxed), 1);

        answers.store(true, Ordering::Relaxed);
        sleep(PROBE_AGE_MAX).await;
        assert!(breaker.is_open(), "this caller is refused, and a probe begins");
        sleep(PROBE_AGE_MAX * 2).await;
        assert!(!breaker.is_open());
        assert!(breaker.server_answers().await);
    }
}
