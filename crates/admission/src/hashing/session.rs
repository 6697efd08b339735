//! The scheduling priority of the session of the server, lowered while passwords are hashed.

use std::fs;

use nix::unistd::{getpid, getsid};
use parking_lot::{Mutex, MutexGuard};
use tracing::debug;

/// The niceness of the session while passwords are hashed. One is too little for a database on the same
/// machine during many log-ins; five slows down concurrent saves.
const NICENESS: i32 = 2;

/// The file in which Linux shows and takes the niceness of the session of a process.
const GROUP: &str = "/proc/self/autogroup";

/// The session of this process, when the process is its leader.
///
/// Linux may divide the processor among sessions first (sched(7), "The autogroup feature"), and each
/// connection of PostgreSQL is a session: the niceness of the hashing threads would count within our session
/// alone, and a commit that takes a millisecond would wait a hundred.
pub(super) struct Session {
    /// The niceness before; `None` where it cannot be changed.
    usual: Option<i32>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Threads that hash.
    hashing: usize,
    is_lowered: bool,
}

/// Counts a thread that hashes, until it is dropped.
pub(super) struct HashingGuard<'a>(&'a Session);

impl Session {
    pub(super) fn of_this_process() -> Self {
        // A session of another program, such as a terminal, is left alone.
        let is_own = getsid(None) == Ok(getpid());
        let usual = is_own.then(niceness).flatten().filter(|usual| *usual < NICENESS);
        Self { usual, state: Mutex::default() }
    }

    /// Counts one more thread that hashes, and lowers the priority. Linux takes ten changes a second, over
    /// all sessions; a change that fails is tried again with the next hash.
    pub(super) fn begin(&self) -> HashingGuard<'_> {
        let mut state = self.lock();
        state.hashing += 1;
        if self.usual.is_some() && !state.is_lowered {
            state.is_lowered = set_niceness(NICENESS);
        }
        HashingGuard(self)
    }

    /// Whether the priority is lowered.
    pub(super) fn is_lowered(&self) -> bool {
        self.lock().is_lowered
    }

    /// Restores the priority, if no thread hashes.
    pub(super) fn restore_priority(&self) {
        let mut state = self.lock();
        if let Some(usual) = self.usual
            && state.hashing == 0
        {
            state.is_lowered = !set_niceness(usual);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl Drop for HashingGuard<'_> {
    fn drop(&mut self) {
        self.0.lock().hashing -= 1;
    }
}

fn niceness() -> Option<i32> {
    // As in "/autogroup-17 nice 0".
    fs::read_to_string(GROUP).ok()?.trim().rsplit_once(' ')?.1.parse().ok()
}

fn set_niceness(niceness: i32) -> bool {
    let outcome = fs::write(GROUP, niceness.to_string());
    outcome
        .inspect_err(|error| debug!("the priority of the session cannot be changed: {error}"))
        .is_ok()
}
