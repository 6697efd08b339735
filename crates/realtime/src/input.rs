//! The bytes that a client sends, bounded between messages.
//!
//! `actix-ws` checks the size of a frame once all of it has arrived, and reads on until the client pauses.
//! So this stream decides how much it buffers.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};

/// Bytes after which the decoder gets a turn although more may have arrived; the size of one read. The
/// headers of the fragments of one message have to fit in as well.
const TURN_BYTES: usize = 64 * 1024;

/// The bytes since the last message. Cloning shares the count.
#[derive(Clone, Default)]
pub(crate) struct Unread(Rc<Cell<usize>>);

/// The bytes that a client sends.
pub(crate) struct BoundedInput {
    payload: Payload,
    unread: Unread,
    /// Largest incomplete message, in bytes.
    message_bytes: usize,
    /// The bytes since the decoder had a turn.
    turn: usize,
}

impl Unread {
    /// A message is complete.
    pub(crate) fn reset(&self) {
        self.0.set(0);
    }
}

impl BoundedInput {
    /// An input of messages of at most `message_bytes`; the reader resets `unread` after each.
    pub(crate) fn new(payload: Payload, unread: Unread, message_bytes: usize) -> Self {
        Self { payload, unread, message_bytes, turn: 0 }
    }

    /// Whether the incomplete message is too large.
    fn is_over(&self) -> bool {
        self.unread.0.get() > self.message_bytes + TURN_BYTES
    }
}

impl Stream for BoundedInput {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.turn >= TURN_BYTES {
            self.turn = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        // At the beginning of a turn, the decoder has seen all unread bytes: they are no message.
        if self.turn == 0 && self.is_over() {
            return Poll::Ready(Some(Err(PayloadError::Overflow)));
        }
        let Poll::Ready(read) = self.payload.poll_next_unpin(context) else {
            self.turn = 0;
            return Poll::Pending;
        };
        if let Some(Ok(bytes)) = &read {
            self.turn += bytes.len();
            self.unread.0.set(self.unread.0.get() + bytes.len());
        }
        Poll::Ready(read)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use futures::stream;

    use super::*;

    /// An input of messages of 1000 bytes that receives these chunks without a pause.
    fn input(pieces: Vec<usize>) -> (BoundedInput, Unread) {
        let pieces = pieces.into_iter().map(|it| Ok(Bytes::from(vec![0; it])));
        let payload: Payload = Payload::Stream { payload: Box::pin(stream::iter(pieces)) };
        let unread = Unread::default();
        (BoundedInput::new(payload, unread.clone(), 1000), unread)
    }

    /// The bytes until the decoder has a turn, and whether they were too many.
    fn turn(input: &mut BoundedInput) -> (usize, bool) {
        let mut given = 0;
        loop {
            let context = &mut Context::from_waker(Waker::noop());
            match Pin::new(&mut *input).poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => given += bytes.len(),
                Poll::Ready(Some(Err(_))) => return (given, true),
                Poll::Ready(None) | Poll::Pending => return (given, false),
            }
        }
    }

    #[test]
    fn the_decoder_gets_a_turn_although_more_has_arrived() {
        let (mut input, unread) = input(vec![TURN_BYTES - 1; 10]);
        let turns = (0..5).map(|_| {
            let turn = turn(&mut input);
            unread.reset();
            turn
        });
        assert_eq!(turns.collect::<Vec<_>>(), [(2 * TURN_BYTES - 2, false); 5]);
    }

    #[test]
    fn an_incomplete_message_is_buffered_up_to_a_bound() {
        let (mut input, unread) = input(vec![TURN_BYTES; 10]);
        assert_eq!(turn(&mut input), (TURN_BYTES, false));
        unread.reset();
        assert_eq!(turn(&mut input), (TURN_BYTES, false));
        assert_eq!(turn(&mut input), (TURN_BYTES, false));
        assert_eq!(turn(&mut input), (0, true));
    }
}
