//! What is to be seen while it runs: one line, gone when it is over.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;

use crate::engine::{Live, Model};

const EVERY: Duration = Duration::from_millis(200);

/// The line. On something that is no terminal it stays silent.
pub(crate) struct Progress(ProgressBar);

/// The line while a load runs.
pub(crate) struct Bar {
    line: ProgressBar,
    bursts: bool,
    watching: JoinHandle<()>,
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        let bar = ProgressBar::no_length();
        bar.set_draw_target(if quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        });
        Self(bar)
    }

    /// Says what is being done, with nothing to count.
    pub(crate) fn say(&self, text: &str) {
        self.0.set_style(ProgressStyle::default_spinner());
        self.0.enable_steady_tick(EVERY);
        self.0.set_message(text.to_owned());
    }

    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }

    /// Follows a load.
    pub(crate) fn load(&self, name: &str, model: Model, repeats: usize, live: Arc<Live>) -> Bar {
        let bar = self.0.clone();
        let (bursts, length) = match model {
            Model::Burst => (true, repeats as u64),
            Model::Closed(course) | Model::Open { course, .. } => {
                let time = course.warm_up + course.time;
                (false, u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
            }
        };
        let style = ProgressStyle::with_template("{prefix:>20} {bar:24.cyan/black} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_length(length);
        bar.set_position(0);
        bar.set_prefix(name.to_owned());
        let watching = tokio::spawn(follow(bar.clone(), live, bursts));
        Bar { line: bar, bursts, watching }
    }
}

impl Bar {
    /// One burst is over.
    pub(crate) fn repeated(&self) {
        if self.bursts {
            self.line.inc(1);
        }
    }

    pub(crate) fn finish(self) {
        self.watching.abort();
    }
}

async fn follow(bar: ProgressBar, live: Arc<Live>, bursts: bool) {
    let start = Instant::now();
    loop {
        tokio::time::sleep(EVERY).await;
        if !bursts {
            bar.set_position(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX));
        }
        let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        bar.set_message(format!(
            "{} ok  {} refused  {} failed  {} under way",
            load(&live.succeeded),
            load(&live.refused),
            load(&live.failed),
            live.in_flight.load(Ordering::Relaxed),
        ));
    }
}
