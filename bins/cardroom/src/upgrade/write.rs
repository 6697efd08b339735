//! The writing side of a websocket: all waiting frames with one system call.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use realtime::Frames;
use tokio::io::AsyncWrite as _;
use tokio::net::tcp::OwnedWriteHalf;

/// Largest number of frames in one write.
const FRAMES_MAX: usize = 64;

/// Bytes from which on no more frames are taken for a write. Frames that are taken no longer count in the
/// bounds of their queue.
const BYTES_MAX: usize = 256 * 1024;

/// Capacity that an idle socket keeps, in frames of 32 bytes: most writes need no more.
const KEPT_MAX: usize = 16;

/// Writes frames until the last. Dropping it ends the stream of the client.
pub(super) struct Outgoing {
    stream: OwnedWriteHalf,
    /// Kept until all frames are written: dropping them ends the reading side.
    frames: Option<Frames>,
    /// Whether the last frame was taken.
    is_last: bool,
    /// Frames that the kernel has not accepted yet, in order.
    waiting: Vec<Bytes>,
    /// The sum of their bytes.
    bytes: usize,
}

impl Outgoing {
    pub(super) fn new(stream: OwnedWriteHalf, head: Bytes, frames: Option<Frames>) -> Self {
        let (is_last, bytes) = (frames.is_none(), head.len());
        Self { stream, frames, is_last, waiting: vec![head], bytes }
    }

    /// Takes waiting frames, up to what can be written at once.
    fn gather(&mut self, context: &Context<'_>) {
        while !self.is_last
            && self.waiting.len() < FRAMES_MAX
            && self.bytes < BYTES_MAX
            && let Some(frames) = &self.frames
        {
            match frames.poll(context) {
                Poll::Ready(Some(frame)) => {
                    self.bytes += frame.len();
                    self.waiting.push(frame);
                }
                Poll::Ready(None) => self.is_last = true,
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
        self.bytes -= written;
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

    /// Ends a write for which the client reads too slowly, once its socket is closed.
    fn poll_aborted(&self, context: &Context<'_>) -> Poll<io::Result<()>> {
        match &self.frames {
            Some(frames) => frames.poll_aborted(context).map(|()| Err(ErrorKind::TimedOut.into())),
            None => Poll::Pending,
        }
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
                return if this.is_last { Poll::Ready(Ok(())) } else { Poll::Pending };
            }
            match this.poll_write(context) {
                Poll::Ready(written) => written?,
                Poll::Pending => return this.poll_aborted(context),
            }
        }
    }
}
