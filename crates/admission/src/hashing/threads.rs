//! The threads that hash.

use std::sync::mpsc::{Receiver, RecvError, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use super::session::Session;

/// How far the threads that hash step back for all others. A core is theirs when nobody else wants
/// it, and a tenth of it when others always do, so that log-ins never starve.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// How long nothing was hashed when the session comes forward again.
const PAUSE: Duration = Duration::from_millis(200);

/// What a thread does once.
type Errand = Box<dyn FnOnce() + Send>;

/// Threads that take errands in the order in which they were given. They end when the last clone is
/// dropped and nothing is left to do.
#[derive(Clone)]
pub(super) struct Threads(Sender<Errand>);

impl Threads {
    pub(super) fn start(number: usize) -> io::Result<Self> {
        let session = Arc::new(Session::of_this_process());
        let (sender, errands) = channel();
        let errands = Arc::new(Mutex::new(errands));
        for index in 0..number {
            let (errands, session) = (Arc::clone(&errands), Arc::clone(&session));
            let thread = thread::Builder::new().name(format!("hashing-{index}"));
            thread.spawn(move || work(&errands, &session))?;
        }
        Ok(Self(sender))
    }

    /// Leaves an errand to the next thread that is free. It must not panic.
    pub(super) fn give(&self, errand: impl FnOnce() + Send + 'static) {
        // Were all threads gone, the errand is dropped, and so is the sender that it answers by.
        let _ = self.0.send(Box::new(errand));
    }
}

fn work(errands: &Mutex<Receiver<Errand>>, session: &Session) {
    step_back();
    while let Ok(errand) = next(errands, session) {
        let _shift = session.begin();
        errand();
    }
}

/// Waits for an errand; the lock is free again when it is carried out. After a pause without one the
/// session comes forward again.
fn next(errands: &Mutex<Receiver<Errand>>, session: &Session) -> Result<Errand, RecvError> {
    let errands = errands.lock().unwrap_or_else(PoisonError::into_inner);
    while session.is_back() {
        match errands.recv_timeout(PAUSE) {
            Err(RecvTimeoutError::Timeout) => session.come_forward(),
            Err(RecvTimeoutError::Disconnected) => return Err(RecvError),
            Ok(errand) => return Ok(errand),
        }
    }
    errands.recv()
}

/// Gives way to all other threads: an answer that takes a tenth of a millisecond must not wait for a
/// hash that takes fifty. On Linux niceness is a thread's own; elsewhere it is the whole process's.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!("the threads that hash cannot give way to others: {error}");
    }
}
