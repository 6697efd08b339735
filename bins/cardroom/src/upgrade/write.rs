//! The writing side of a websocket: all waiting frames with one system call.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use realtime::Frames;
use tokio::io::AsyncWrite as _;
use tokio::net::tcp::OwnedWriteHalf;

/// Largest number of frames in one write.
const FRAMES_MAX: usize = 64;

/// Capacity that an idle socket keeps, in frames.
const KEPT_MAX: usize = 4;

/// Writes frames until the last. Dropping it ends the stream of the client.
pub(super) struct Outgoing {
    stream: OwnedWriteHalf,
    frames: Option<Frames>,
    /// Frames that the kernel has not accepted yet, in order.
    waiting: Vec<Bytes>,
}

impl Outgoing {
    pub(super) fn new(stream: OwnedWriteHalf, head: Bytes, frames: Option<Frames>) -> Self {
        Self { stream, frames, waiting: vec![head] }
    }

    /// Takes waiting frames, up to what can be written at once.
    fn gather(&mut self, context: &Context<'_>) {
        while self.waiting.len() < FRAMES_MAX
            && let Some(frames) = &self.frames
        {
            match frames.poll(context) {
                Poll::Ready(Some(frame)) => self.waiting.push(frame),
                Poll::Ready(None) => self.frames = None,
                Poll::Pending => break,
            }
        }
    }

    /// Writes once.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = Pin::new(&mut self.stream);
        let mut written = match &self.waiting[..] {
            [frame] => ready!(stream.poll_write(context, frame))?,
            frames => {
                let mut slices = [IoSlice::new(&[]); FRAMES_MAX];
                let count = frames.len();
                for (slice, frame) in slices.iter_mut().zip(frames) {
                    *slice = IoSlice::new(frame);
                }
                ready!(stream.poll_write_vectored(context, &slices[..count]))?
            }
        };
        let whole = self.waiting.iter().take_while(|frame| {
            let is_whole = frame.len() <= written;
            written -= if is_whole { frame.len() } else { 0 };
            is_whole
        });
        let whole = whole.count();
        self.waiting.drain(..whole);
        if let Some(cut) = self.waiting.first_mut() {
            cut.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

impl Future for Outgoing {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            this.gather(context);
            if this.waiting.is_empty() {
                // An idle socket keeps no memory for later frames.
                if this.waiting.capacity() > KEPT_MAX {
                    this.waiting = Vec::new();
                }
                return if this.frames.is_none() { Poll::Ready(Ok(())) } else { Poll::Pending };
            }
            ready!(this.poll_write(context))?;
        }
    }
}
