//! The threads that hash.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvError, RecvTimeoutError, Sender, channel};
use std::time::Duration;
use std::{io, thread};

use super::session::Session;
use parking_lot::Mutex;

/// The niceness of the threads that hash. They get an otherwise idle core whole, and a tenth of a busy one,
/// so that log-ins never starve.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// The time without a hash after which the priority of the session is restored.
const PAUSE: Duration = Duration::from_millis(200);

/// A piece of work for one of the threads.
type Job = Box<dyn FnOnce() + Send>;

/// Threads that run jobs in the order of arrival. They end when the last clone is dropped and no job is
/// left.
#[derive(Clone)]
pub(super) struct Threads(Sender<Job>);

impl Threads {
    pub(super) fn start(number: usize) -> io::Result<Self> {
        let session = Arc::new(Session::of_this_process());
        let (sender, jobs) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        for index in 0..number {
            let (jobs, session) = (Arc::clone(&jobs), Arc::clone(&session));
            let thread = thread::Builder::new().name(format!("hashing-{index}"));
            thread.spawn(move || work(&jobs, &session))?;
        }
        Ok(Self(sender))
    }

    /// Hands a job to the next free thread. It must not panic.
    pub(super) fn give(&self, job: impl FnOnce() + Send + 'static) {
        // Without threads the job is dropped, and with it the sender of its answer.
        let _ = self.0.send(Box::new(job));
    }
}

fn work(jobs: &Mutex<Receiver<Job>>, session: &Session) {
    lower_priority();
    while let Ok(job) = next(jobs, session) {
        let _hashing = session.begin();
        job();
    }
}

/// Waits for a job; the lock is released before the job runs. After a pause without jobs the priority of the
/// session is restored.
fn next(jobs: &Mutex<Receiver<Job>>, session: &Session) -> Result<Job, RecvError> {
    let jobs = jobs.lock();
    while session.is_lowered() {
        match jobs.recv_timeout(PAUSE) {
            Err(RecvTimeoutError::Timeout) => session.restore_priority(),
            Err(RecvTimeoutError::Disconnected) => return Err(RecvError),
            Ok(job) => return Ok(job),
        }
    }
    jobs.recv()
}

/// Lowers the priority of this thread: an answer that takes a tenth of a millisecond must not wait for a hash
/// that takes fifty. On Linux niceness is set per thread, on other systems per process.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!("the priority of the hashing threads cannot be lowered: {error}");
    }
}
