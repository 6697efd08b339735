//! The session of the server, which gives way to all others while passwords are hashed.

use std::fs;

use nix::unistd::{getpid, getsid};
use parking_lot::{Mutex, MutexGuard};
use tracing::debug;

/// How far the session steps back. One is too little for a database on the same machine while many log
/// in; five slows those down who save meanwhile.
const NICENESS: i32 = 2;

/// Where Linux tells how nice the session of a process is, and takes another niceness.
const GROUP: &str = "/proc/self/autogroup";

/// The session of this process, where it is its own.
///
/// Linux may share the processor among sessions first (sched(7), "The autogroup feature"), and each
/// connection of PostgreSQL is a session: what threads that hash leave to others would be left to ours
/// alone, and a commit that takes a millisecond waits a hundred.
pub(super) struct Session {
    /// How nice it was; nothing where it cannot give way.
    usual: Option<i32>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Threads that hash.
    hashing: usize,
    is_lowered: bool,
}

/// That a thread hashes, until it is dropped.
pub(super) struct HashingGuard<'a>(&'a Session);

impl Session {
    pub(super) fn of_this_process() -> Self {
        // A session that is not of our making, as that of a terminal, is not ours to step back.
        let is_own = getsid(None) == Ok(getpid());
        let usual = is_own.then(niceness).flatten().filter(|usual| *usual < NICENESS);
        Self { usual, state: Mutex::default() }
    }

    /// Begins to hash on one more thread, and gives way. Linux takes ten changes a second, of all
    /// sessions; whoever hashes next tries again.
    pub(super) fn begin(&self) -> HashingGuard<'_> {
        let mut state = self.lock();
        state.hashing += 1;
        if self.usual.is_some() && !state.is_lowered {
            state.is_lowered = set_niceness(NICENESS);
        }
        HashingGuard(self)
    }

    /// Whether it gives way.
    pub(super) fn is_lowered(&self) -> bool {
        self.lock().is_lowered
    }

    /// Gives way no longer, if nobody hashes.
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
    outcome.inspect_err(|error| debug!("the session stays as nice as it is: {error}")).is_ok()
}
