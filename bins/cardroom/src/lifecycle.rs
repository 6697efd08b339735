//! The phase of the process, shared by everything that depends on it.

use actix_web::HttpRequest;
use actix_web::web::Data;
use tokio::sync::watch;

/// A phase of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The database is not up to date yet.
    Starting,
    /// Requests are served.
    Serving,
    /// The process was asked to stop and finishes its work.
    Draining,
}

/// The phase that the process is in. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Lifecycle(watch::Sender<Phase>);

impl Default for Lifecycle {
    fn default() -> Self {
        Self(watch::Sender::new(Phase::Starting))
    }
}

impl Lifecycle {
    /// The phase at this moment.
    pub fn phase(&self) -> Phase {
        *self.0.borrow()
    }

    /// Ends the start; a process that was asked to stop meanwhile stays in `Draining`.
    pub fn serve(&self) {
        self.0.send_if_modified(|phase| {
            let starting = *phase == Phase::Starting;
            if starting {
                *phase = Phase::Serving;
            }
            starting
        });
    }

    /// Begins the shutdown. There is no way back.
    pub fn drain(&self) {
        self.0.send_replace(Phase::Draining);
    }

    /// Whether the process was asked to stop. Connections are closed with their answers then, so that
    /// clients send their next request elsewhere.
    pub(crate) fn is_draining(&self) -> bool {
        self.phase() == Phase::Draining
    }

    /// The lifecycle of the server that serves this request.
    pub(crate) fn of(request: &HttpRequest) -> Option<&Self> {
        request.app_data::<Data<Self>>().map(|it| &***it)
    }

    /// Waits until the shutdown begins.
    pub async fn draining(&self) {
        // The sender lives as long as this does.
        let _ = self.0.subscribe().wait_for(|phase| *phase == Phase::Draining).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_serves_again_after_the_end_has_begun() {
        let lifecycle = Lifecycle::default();
        assert_eq!(lifecycle.phase(), Phase::Starting);
        lifecycle.serve();
        assert_eq!(lifecycle.phase(), Phase::Serving);
        lifecycle.drain();
        lifecycle.serve();
        assert_eq!(lifecycle.phase(), Phase::Draining);
    }

    #[tokio::test]
    async fn a_wait_for_the_shutdown_ends_even_when_it_has_begun_before() {
        let lifecycle = Lifecycle::default();
        let waiting = tokio::spawn({
            let lifecycle = lifecycle.clone();
            async move { lifecycle.draining().await }
        });
        tokio::task::yield_now().await;
        lifecycle.drain();
        waiting.await.unwrap();
        lifecycle.draining().await;
    }
}
