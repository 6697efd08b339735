//! What waits to be sent on one socket: bounded, and written many frames at a time.
//!
//! An outbox belongs to the thread of its socket, so that filling it takes no lock. Who reads slowly
//! loses volatile messages first, of which the latest is kept, then the socket.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::protocol::wire;

/// From how many waiting frames on volatile ones are looked at one by one.
const CROWDED: usize = 16;

/// The code of a close of who is too slow (RFC 6455, section 7.4; registered: try again later).
const TRY_AGAIN_LATER: u16 = 1013;

/// What waits to be sent on one socket.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: RefCell<Queue>,
    limits: OutboxLimits,
}

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutboxLimits {
    /// Frames at most.
    pub(crate) frames: usize,
    /// Bytes at most.
    pub(crate) bytes: usize,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It waits to be sent.
    Waits,
    /// It took the place of others that it supersedes.
    Superseded,
    /// It was left out, because it is volatile and others wait.
    Dropped,
    /// Too much waits; the socket is closed.
    Overflowed,
    /// The socket is closing.
    Closed,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Waiting>,
    bytes: usize,
    state: State,
    waker: Option<Waker>,
}

#[derive(Debug)]
struct Waiting {
    frame: Bytes,
    supersedes: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    /// The last frame is queued.
    Closing,
    /// Nothing is waited for once the queue is empty.
    Finished,
}

impl Outbox {
    pub(crate) fn new(limits: OutboxLimits) -> Self {
        Self { queue: RefCell::default(), limits }
    }

    /// Queues a frame that must arrive.
    pub(crate) fn send(&self, frame: Bytes) -> Fate {
        self.push(Waiting { frame, supersedes: None })
    }

    /// Queues a frame of which only the latest with the same key matters, if it has one.
    pub(crate) fn tell(&self, frame: Bytes, supersedes: Option<u64>) -> Fate {
        self.push(Waiting { frame, supersedes })
    }

    /// Queues the last frame; what waits before it is still sent.
    pub(crate) fn close(&self, code: u16, reason: &str) {
        self.queue.borrow_mut().close(code, reason);
    }

    /// Ends the stream as soon as everything is sent.
    pub(crate) fn finish(&self) {
        let mut queue = self.queue.borrow_mut();
        queue.state = State::Finished;
        queue.wake();
    }

    /// Whether nothing more can be queued.
    pub(crate) fn is_closed(&self) -> bool {
        self.queue.borrow().state != State::Open
    }

    /// The next frame to be sent.
    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<Option<Bytes>> {
        let mut queue = self.queue.borrow_mut();
        if let Some(Waiting { frame, .. }) = queue.frames.pop_front() {
            queue.bytes -= frame.len();
            return Poll::Ready(Some(frame));
        }
        // An idle socket keeps no memory for what may come.
        if queue.frames.capacity() > CROWDED {
            queue.frames.shrink_to_fit();
        }
        if queue.state == State::Finished {
            return Poll::Ready(None);
        }
        match &mut queue.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    fn push(&self, waiting: Waiting) -> Fate {
        let mut queue = self.queue.borrow_mut();
        if queue.state != State::Open {
            return Fate::Closed;
        }
        let mut fate = Fate::Waits;
        if queue.frames.len() >= CROWDED && queue.supersede(waiting.supersedes) {
            fate = Fate::Superseded;
        }
        if queue.exceeds(self.limits, waiting.frame.len()) {
            if waiting.supersedes.is_some() {
                return Fate::Dropped;
            }
            queue.drop_volatile();
            if queue.exceeds(self.limits, waiting.frame.len()) {
                queue.overflow();
                return Fate::Overflowed;
            }
            fate = Fate::Dropped;
        }
        queue.add(waiting);
        fate
    }
}

impl Queue {
    fn add(&mut self, waiting: Waiting) {
        self.bytes += waiting.frame.len();
        self.frames.push_back(waiting);
        if self.frames.len() == 1 {
            self.wake();
        }
    }

    fn exceeds(&self, limits: OutboxLimits, more: usize) -> bool {
        self.frames.len() >= limits.frames || self.bytes + more > limits.bytes
    }

    /// Takes out what a frame with this key supersedes. Says whether there was anything.
    fn supersede(&mut self, key: Option<u64>) -> bool {
        let before = self.frames.len();
        if key.is_some() {
            self.retain(|it| it.supersedes != key);
        }
        self.frames.len() < before
    }

    fn drop_volatile(&mut self) {
        self.retain(|it| it.supersedes.is_none());
    }

    fn retain(&mut self, keep: impl Fn(&Waiting) -> bool) {
        self.frames.retain(keep);
        self.bytes = self.frames.iter().map(|it| it.frame.len()).sum();
    }

    /// Nothing of what waits can be sent in time, so it is let go.
    fn overflow(&mut self) {
        self.frames.clear();
        self.bytes = 0;
        self.close(TRY_AGAIN_LATER, "too much waits to be read");
    }

    fn close(&mut self, code: u16, reason: &str) {
        if self.state == State::Open {
            self.add(Waiting { frame: wire::close(code, reason), supersedes: None });
            self.state = State::Closing;
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox() -> Outbox {
        Outbox::new(OutboxLimits { frames: 20, bytes: 1000 })
    }

    fn frame(text: &str) -> Bytes {
        Bytes::copy_from_slice(text.as_bytes())
    }

    fn sent(outbox: &Outbox) -> Vec<Bytes> {
        let context = Context::from_waker(Waker::noop());
        std::iter::from_fn(|| match outbox.poll(&context) {
            Poll::Ready(frame) => frame,
            Poll::Pending => None,
        })
        .collect()
    }

    #[test]
    fn frames_leave_in_order_and_the_stream_ends_after_the_last() {
        let outbox = outbox();
        assert_eq!(outbox.send(frame("a")), Fate::Waits);
        assert_eq!(outbox.tell(frame("b"), Some(1)), Fate::Waits);
        assert_eq!(outbox.tell(frame("c"), Some(1)), Fate::Waits);
        outbox.close(1000, "");
        assert_eq!(outbox.send(frame("d")), Fate::Closed);
        assert_eq!(sent(&outbox)[..3], ["a", "b", "c"]);
        assert_eq!(outbox.poll(&Context::from_waker(Waker::noop())), Poll::Pending);
        outbox.finish();
        assert_eq!(outbox.poll(&Context::from_waker(Waker::noop())), Poll::Ready(None));
    }

    #[test]
    fn of_volatile_frames_a_slow_reader_gets_the_latest_of_each_key() {
        let outbox = outbox();
        (0..CROWDED).for_each(|n| {
            assert_eq!(outbox.tell(frame(&format!("old{n}")), Some(n as u64)), Fate::Waits);
        });
        assert_eq!(outbox.tell(frame("new3"), Some(3)), Fate::Superseded);
        let sent = sent(&outbox);
        assert_eq!(sent.len(), CROWDED);
        assert!(!sent.contains(&frame("old3")));
        assert_eq!(sent[CROWDED - 1], "new3");
    }

    #[test]
    fn volatile_frames_are_dropped_first_and_the_socket_closed_last() {
        let outbox = outbox();
        (0..10).for_each(|_| assert_eq!(outbox.send(frame("kept")), Fate::Waits));
        (0..10).for_each(|n| assert_eq!(outbox.tell(frame("volatile"), Some(n)), Fate::Waits));
        assert_eq!(outbox.tell(frame("volatile"), Some(99)), Fate::Dropped);
        assert_eq!(outbox.send(frame("kept")), Fate::Dropped);
        (0..9).for_each(|_| assert_eq!(outbox.send(frame("kept")), Fate::Waits));
        assert_eq!(outbox.send(frame("one too many")), Fate::Overflowed);
        assert!(outbox.is_closed());
        let sent = sent(&outbox);
        assert_eq!((sent.len(), sent[0][0]), (1, 0x88));
    }

    #[test]
    fn bytes_count_as_well() {
        let outbox = outbox();
        assert_eq!(outbox.send(frame(&"x".repeat(900))), Fate::Waits);
        assert_eq!(outbox.send(frame(&"x".repeat(101))), Fate::Overflowed);
    }
}
