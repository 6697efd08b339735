//! What is known of one connection.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};
use std::time::Instant;

use super::turn::next_turn;

/// Requests that are begun in one turn. A client that waits for its answers sends one; eight take less
/// than a millisecond.
const REQUESTS_PER_TURN: u32 = 8;

/// Refusals in a row by a rate limit after which a connection is closed. A client that waits as it was told
/// is hardly refused twice.
const REFUSALS_MAX: u32 = 8;

/// Bytes that are read after an answer, until the next request begins: its head, which is 128 KiB at most,
/// and what is left of a body that no handler read.
const BYTES_BETWEEN_REQUESTS: usize = 512 * 1024;

/// The state of one connection, shared by its socket and its requests.
pub(crate) struct State {
    /// Requests that were begun since the last turn, or since the socket had nothing more to read.
    begun: Cell<u32>,
    /// Whether requests that were read wait for the next turn.
    is_behind: Cell<bool>,
    refusals: Cell<u32>,
    /// Bytes that may still be read before the present request is refused.
    bytes_left: Cell<usize>,
    /// Since when the connection does nothing; `None` while it serves a request or a websocket.
    idle_since: Cell<Option<Instant>>,
    /// Whether it is one of those that are kept for health and metrics.
    pub(super) is_reserve: bool,
    is_evicted: Cell<bool>,
    task: RefCell<Option<Waker>>,
}

impl State {
    pub(super) fn new(is_reserve: bool) -> Self {
        Self {
            begun: Cell::new(0),
            is_behind: Cell::new(false),
            refusals: Cell::new(0),
            bytes_left: Cell::new(usize::MAX),
            idle_since: Cell::new(Some(Instant::now())),
            is_reserve,
            is_evicted: Cell::new(false),
            task: RefCell::default(),
        }
    }

    /// Begins a request, of which no more than `bytes` are read, in the next turn when this turn has
    /// served its share.
    pub(super) async fn begin(&self, bytes: usize) {
        self.idle_since.set(None);
        self.bytes_left.set(bytes);
        if self.begun.get() >= REQUESTS_PER_TURN {
            self.is_behind.set(true);
            next_turn().await;
            self.begun.set(0);
        }
        self.begun.set(self.begun.get() + 1);
    }

    /// Ends a request. A websocket never ends here.
    pub(super) fn end(&self, is_upgrade: bool) {
        self.bytes_left.set(if is_upgrade { usize::MAX } else { BYTES_BETWEEN_REQUESTS });
        self.idle_since.set((!is_upgrade).then(Instant::now));
    }

    /// Counts the refusals in a row by a rate limit, and says whether the connection is to be closed.
    pub(super) fn answered(&self, is_refusal: bool) -> bool {
        self.refusals.set(if is_refusal { self.refusals.get() + 1 } else { 0 });
        self.refusals.get() >= REFUSALS_MAX
    }

    /// Whether what was read before waits for the next turn; asked once for each answer.
    pub(super) fn take_behind(&self) -> bool {
        self.is_behind.take()
    }

    /// Notes that the socket has nothing more to read at this moment: the client is not ahead.
    pub(super) fn caught_up(&self) {
        self.begun.set(0);
    }

    /// Counts bytes of a request; false when they are too many.
    pub(super) fn count(&self, bytes: usize) -> bool {
        let left = self.bytes_left.get();
        self.bytes_left.set(left.saturating_sub(bytes));
        left >= bytes
    }

    /// Notes that the client took bytes of an answer.
    pub(super) fn wrote(&self) {
        if self.idle_since.get().is_some() {
            self.idle_since.set(Some(Instant::now()));
        }
    }

    pub(super) fn idle_since(&self) -> Option<Instant> {
        self.idle_since.get()
    }

    /// Closes the connection to make room for another.
    pub(super) fn evict(&self) {
        self.is_evicted.set(true);
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }

    /// Waits until the connection is evicted.
    pub(super) async fn evicted(&self) {
        poll_fn(|context| {
            if self.is_evicted.get() {
                return Poll::Ready(());
            }
            let mut task = self.task.borrow_mut();
            match &mut *task {
                Some(task) => task.clone_from(context.waker()),
                None => *task = Some(context.waker().clone()),
            }
            Poll::Pending
        })
        .await;
    }
}
