//! The send queue of a socket: bounded, and written many frames at a time.
//!
//! An outbox belongs to the thread of its socket, so that filling it takes no lock. When a client reads
//! too slowly, volatile frames are dropped first; when that is not enough, the socket is closed.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::protocol::{CloseCode, wire};

/// Queue length from which on volatile frames supersede earlier ones.
const CROWDED: usize = 16;

/// The send queue of a socket.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: RefCell<Queue>,
    limits: OutboxLimits,
}

/// Bounds of a send queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutboxLimits {
    /// Largest number of frames.
    pub(crate) frames: usize,
    /// Largest sum of their bytes.
    pub(crate) bytes: usize,
}

/// The result of queueing a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendOutcome {
    /// The frame is queued.
    Queued,
    /// The frame is queued in place of earlier ones with its key.
    Superseded,
    /// The frame was dropped: it is volatile and the queue is full.
    Dropped,
    /// The frame is queued; volatile ones were dropped for it.
    Evicted,
    /// The queue is full of frames that must arrive; the socket is closed.
    Overflowed,
    /// The socket is closing; the frame was not queued.
    Closed,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<QueuedFrame>,
    bytes: usize,
    state: State,
    waker: Option<Waker>,
}

#[derive(Debug)]
struct QueuedFrame {
    frame: Bytes,
    supersedes: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    #[default]
    Open,
    /// The close frame is queued.
    Closing,
    /// The stream ends once the queue is empty.
    Finished,
    /// The stream ends at once if the client does not read, or else once the queue is empty.
    Aborted,
}

impl Outbox {
    pub(crate) fn new(limits: OutboxLimits) -> Self {
        Self { queue: RefCell::default(), limits }
    }

    /// Queues a frame that must arrive.
    pub(crate) fn send(&self, frame: Bytes) -> SendOutcome {
        self.push(QueuedFrame { frame, supersedes: None })
    }

    /// Queues a volatile frame: of those with one key only the latest has to arrive. A frame without
    /// a key must arrive.
    pub(crate) fn send_volatile(&self, frame: Bytes, supersedes: Option<u64>) -> SendOutcome {
        self.push(QueuedFrame { frame, supersedes })
    }

    /// Queues the close frame. Frames before it are still sent.
    pub(crate) fn close(&self, code: CloseCode, reason: &str) {
        self.queue.borrow_mut().close(code, reason);
    }

    /// Ends the stream once all frames are sent.
    pub(crate) fn finish(&self) {
        self.end(State::Finished);
    }

    /// Ends the stream at once if the client does not read, or else once all frames are sent.
    pub(crate) fn abort(&self) {
        self.end(State::Aborted);
    }

    fn end(&self, state: State) {
        let mut queue = self.queue.borrow_mut();
        queue.state = queue.state.max(state);
        queue.wake();
    }

    /// Whether frames are refused.
    pub(crate) fn is_closed(&self) -> bool {
        self.queue.borrow().state != State::Open
    }

    /// The next frame to be sent; `None` after the last.
    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<Option<Bytes>> {
        let mut queue = self.queue.borrow_mut();
        if let Some(QueuedFrame { frame, .. }) = queue.frames.pop_front() {
            queue.bytes -= frame.len();
            return Poll::Ready(Some(frame));
        }
        // An idle socket keeps no memory for later frames.
        if queue.frames.capacity() > CROWDED {
            queue.frames.shrink_to_fit();
        }
        if matches!(queue.state, State::Finished | State::Aborted) {
            return Poll::Ready(None);
        }
        queue.wait(context);
        Poll::Pending
    }

    /// Whether the stream is aborted; to be asked while the client accepts no more bytes.
    pub(crate) fn poll_aborted(&self, context: &Context<'_>) -> Poll<()> {
        let mut queue = self.queue.borrow_mut();
        if queue.state == State::Aborted {
            return Poll::Ready(());
        }
        queue.wait(context);
        Poll::Pending
    }

    fn push(&self, queued: QueuedFrame) -> SendOutcome {
        let mut queue = self.queue.borrow_mut();
        if queue.state != State::Open {
            return SendOutcome::Closed;
        }
        let mut outcome = SendOutcome::Queued;
        if queue.frames.len() >= CROWDED && queue.supersede(queued.supersedes) {
            outcome = SendOutcome::Superseded;
        }
        if queue.exceeds(self.limits, queued.frame.len()) {
            if queued.supersedes.is_some() {
                return SendOutcome::Dropped;
            }
            queue.drop_volatile();
            if queue.exceeds(self.limits, queued.frame.len()) {
                queue.overflow();
                return SendOutcome::Overflowed;
            }
            outcome = SendOutcome::Evicted;
        }
        queue.add(queued);
        outcome
    }
}

impl Queue {
    fn add(&mut self, queued: QueuedFrame) {
        self.bytes += queued.frame.len();
        self.frames.push_back(queued);
        if self.frames.len() == 1 {
            self.wake();
        }
    }

    fn exceeds(&self, limits: OutboxLimits, more: usize) -> bool {
        self.frames.len() >= limits.frames || self.bytes + more > limits.bytes
    }

    /// Removes the frames with this key; returns whether there were any.
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

    fn retain(&mut self, keep: impl Fn(&QueuedFrame) -> bool) {
        self.frames.retain(keep);
        self.bytes = self.frames.iter().map(|it| it.frame.len()).sum();
    }

    /// Discards all frames, none of which can be sent in time, and closes.
    fn overflow(&mut self) {
        self.frames.clear();
        self.bytes = 0;
        self.close(CloseCode::TryAgainLater, "too much waits to be read");
    }

    fn close(&mut self, code: CloseCode, reason: &str) {
        if self.state == State::Open {
            self.add(QueuedFrame { frame: wire::close(code, reason), supersedes: None });
            self.state = State::Closing;
        }
    }

    fn wait(&mut self, context: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct CountingWaker(AtomicUsize);

    impl Wake for CountingWaker {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

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
        assert_eq!(outbox.send(frame("a")), SendOutcome::Queued);
        assert_eq!(outbox.send_volatile(frame("b"), Some(1)), SendOutcome::Queued);
        assert_eq!(outbox.send_volatile(frame("c"), Some(1)), SendOutcome::Queued);
        outbox.close(CloseCode::Normal, "");
        assert_eq!(outbox.send(frame("d")), SendOutcome::Closed);
        assert_eq!(sent(&outbox)[..3], ["a", "b", "c"]);
        assert_eq!(outbox.poll(&Context::from_waker(Waker::noop())), Poll::Pending);
        outbox.finish();
        assert_eq!(outbox.poll(&Context::from_waker(Waker::noop())), Poll::Ready(None));
    }

    #[test]
    fn a_writer_that_waits_for_its_client_is_woken_when_the_stream_is_aborted() {
        let (outbox, waker) = (outbox(), Arc::new(CountingWaker::default()));
        let counting = Waker::from(waker.clone());
        let context = Context::from_waker(&counting);
        outbox.send(frame("a"));
        assert_eq!(outbox.poll_aborted(&context), Poll::Pending);
        outbox.finish();
        assert_eq!(waker.0.load(Ordering::Relaxed), 1);
        assert_eq!(outbox.poll_aborted(&context), Poll::Pending);
        outbox.abort();
        assert_eq!(waker.0.load(Ordering::Relaxed), 2);
        assert_eq!(outbox.poll_aborted(&context), Poll::Ready(()));
        // A client that reads still gets what was queued.
        assert_eq!(outbox.poll(&context), Poll::Ready(Some(frame("a"))));
        assert_eq!(outbox.poll(&context), Poll::Ready(None));
    }

    #[test]
    fn of_volatile_frames_a_slow_reader_gets_the_latest_of_each_key() {
        let outbox = outbox();
        (0..CROWDED).for_each(|n| {
            assert_eq!(
                outbox.send_volatile(frame(&format!("old{n}")), Some(n as u64)),
                SendOutcome::Queued
            );
        });
        assert_eq!(outbox.send_volatile(frame("new3"), Some(3)), SendOutcome::Superseded);
        let sent = sent(&outbox);
        assert_eq!(sent.len(), CROWDED);
        assert!(!sent.contains(&frame("old3")));
        assert_eq!(sent[CROWDED - 1], "new3");
    }

    #[test]
    fn volatile_frames_are_dropped_first_and_the_socket_closed_last() {
        let outbox = outbox();
        (0..10).for_each(|_| assert_eq!(outbox.send(frame("kept")), SendOutcome::Queued));
        (0..10).for_each(|n| {
            assert_eq!(outbox.send_volatile(frame("volatile"), Some(n)), SendOutcome::Queued);
        });
        assert_eq!(outbox.send_volatile(frame("volatile"), Some(99)), SendOutcome::Dropped);
        assert_eq!(outbox.send(frame("kept")), SendOutcome::Evicted);
        (0..9).for_each(|_| assert_eq!(outbox.send(frame("kept")), SendOutcome::Queued));
        assert_eq!(outbox.send(frame("one too many")), SendOutcome::Overflowed);
        assert!(outbox.is_closed());
        let sent = sent(&outbox);
        assert_eq!((sent.len(), sent[0][0]), (1, 0x88));
    }

    #[test]
    fn bytes_count_as_well() {
        let outbox = outbox();
        assert_eq!(outbox.send(frame(&"x".repeat(900))), SendOutcome::Queued);
        assert_eq!(outbox.send(frame(&"x".repeat(101))), SendOutcome::Overflowed);
    }
}
