//! One line on the terminal while a run is under way.

use std::io::{IsTerminal as _, stderr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::watch::Live;

const EVERY: Duration = Duration::from_millis(200);

/// The line; nothing is shown where there is no terminal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress(bool);

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        Self(!quiet && stderr().is_terminal())
    }

    /// Replaces the line.
    pub(crate) fn say(self, text: &str) {
        if self.0 {
            eprint!("\r\x1b[2K {text}");
        }
    }

    /// Removes the line.
    pub(crate) fn finish(self) {
        if self.0 {
            eprint!("\r\x1b[2K");
        }
    }

    /// Shows the counters of a load until the task is aborted.
    pub(crate) async fn follow(self, name: String, live: Arc<Live>) {
        loop {
            self.say(&format!(
                "{name}: {} ok, {} refused, {} failed, {} in flight",
                live.succeeded.load(Relaxed),
                live.refused.load(Relaxed),
                live.failed.load(Relaxed),
                live.in_flight.load(Relaxed),
            ));
            tokio::time::sleep(EVERY).await;
        }
    }
}
