//! The threads that hash.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvError, RecvTimeoutError, Sender, channel};
use std::time::Duration;
use std::{io, thread};

use super::session::Session;
use parking_lot::Mutex;

/// How far the threads that hash step back for all others. A core is theirs when nobody else wants
/// it, and a tenth of it when others always do, so that log-ins never starve.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// How long nothing was hashed when the session comes forward again.
const PAUSE: Duration = Duration::from_millis(200);

/// What a thread does once.
type Job = Box<dyn FnOnce() + Send>;

/// Threads that take jobs in the order in which they were given. They end when the last clone is
/// dropped and nothing is left to do.
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

    /// Leaves an job to the next thread that is free. It must not panic.
    pub(super) fn give(&self, job: impl FnOnce() + Send + 'static) {
        // Were all threads gone, the job is dropped, and so is the sender that it answers by.
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

/// Waits for an job; the lock is free again when it is carried out. After a pause without one the
/// session comes forward again.
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

/// Gives way to all other threads: an answer that takes a tenth of a millisecond must not wait for a
/// hash that takes fifty. On Linux niceness is a thread's own; elsewhere it is the whole process's.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!("the threads that hash cannot give way to others: {error}");
    }
}
