//! The threads that hash.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::{io, thread};

/// How far the threads that hash step back for all others. A core is theirs when nobody else wants
/// it, and a tenth of it when others always do, so that log-ins never starve.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// How far the whole session steps back for others, where the server is all there is in it. One is too
/// little for a database on the same machine while many log in; five takes a tenth of the saves.
#[cfg(target_os = "linux")]
const SESSION_NICENESS: &str = "2";

/// What a thread does once.
type Errand = Box<dyn FnOnce() + Send>;

/// Threads that take errands in the order in which they were given. They end when the last clone is
/// dropped and nothing is left to do.
#[derive(Clone)]
pub(super) struct Threads(Sender<Errand>);

impl Threads {
    pub(super) fn start(number: usize) -> io::Result<Self> {
        step_back_as_session();
        let (sender, errands) = channel();
        let errands = Arc::new(Mutex::new(errands));
        for index in 0..number {
            let errands = Arc::clone(&errands);
            let thread = thread::Builder::new().name(format!("hashing-{index}"));
            thread.spawn(move || work(&errands))?;
        }
        Ok(Self(sender))
    }

    /// Leaves an errand to the next thread that is free. It must not panic.
    pub(super) fn give(&self, errand: impl FnOnce() + Send + 'static) {
        // Were all threads gone, the errand is dropped, and so is the sender that it answers by.
        let _ = self.0.send(Box::new(errand));
    }
}

fn work(errands: &Mutex<Receiver<Errand>>) {
    step_back();
    while let Ok(errand) = next(errands) {
        errand();
    }
}

/// Waits for an errand; the lock is free again when it is carried out.
fn next(errands: &Mutex<Receiver<Errand>>) -> Result<Errand, std::sync::mpsc::RecvError> {
    errands.lock().unwrap_or_else(PoisonError::into_inner).recv()
}

/// Gives way to all other threads: an answer that takes a tenth of a millisecond must not wait for a
/// hash that takes fifty. On Linux niceness is a thread's own; elsewhere it is the whole process's.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!("the threads that hash cannot give way to others: {error}");
    }
}

/// Gives way to all other sessions. Linux may share the processor among sessions first (sched(7), "The
/// autogroup feature"), and each connection of PostgreSQL is a session: what threads that hash leave to
/// others would be left to ours alone, and a commit that takes a millisecond waits a hundred.
fn step_back_as_session() {
    #[cfg(target_os = "linux")]
    {
        use nix::unistd::{getpid, getsid};

        // A session that is not of our making, as that of a terminal, is not ours to step back.
        if getsid(None).is_ok_and(|leader| leader == getpid())
            && let Err(error) = std::fs::write("/proc/self/autogroup", SESSION_NICENESS)
        {
            tracing::debug!("the session cannot give way to others: {error}");
        }
    }
}
