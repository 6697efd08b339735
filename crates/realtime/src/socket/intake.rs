//! What a client sends, bounded for as long as it is no message.
//!
//! `actix-ws` looks at the size of a frame when all of it is there, and reads on until the client
//! pauses. So how much it keeps is up to who announces a frame, unless it is given no more.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};

/// Bytes after which frames are looked for, though more may have come; one read is as large at most.
/// What goes around the fragments of one message has to fit in as well.
const TURN_BYTES: usize = 64 * 1024;

/// What came since the last message, in bytes. Cloning shares it.
#[derive(Clone, Default)]
pub(super) struct Unread(Rc<Cell<usize>>);

/// What a client sends.
pub(super) struct Intake {
    payload: Payload,
    unread: Unread,
    /// How much of a message may be there without the rest.
    message_bytes: usize,
    /// What came since frames were looked for.
    turn: usize,
}

impl Unread {
    /// A message is there.
    pub(super) fn begin_anew(&self) {
        self.0.set(0);
    }
}

impl Intake {
    /// An intake of messages of at most `message_bytes`; whoever gets one has to tell `unread`.
    pub(super) fn new(payload: Payload, unread: Unread, message_bytes: usize) -> Self {
        Self { payload, unread, message_bytes, turn: 0 }
    }

    /// Whether a message is too large whose end is not there yet.
    fn is_over(&self) -> bool {
        self.unread.0.get() > self.message_bytes + TURN_BYTES
    }
}

impl Stream for Intake {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.turn >= TURN_BYTES {
            self.turn = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        // At the beginning of a turn, what is unread was looked at and is no message.
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

    /// An intake of messages of 1000 bytes, to which these pieces come without a pause.
    fn intake(pieces: Vec<usize>) -> (Intake, Unread) {
        let pieces = pieces.into_iter().map(|it| Ok(Bytes::from(vec![0; it])));
        let payload: Payload = Payload::Stream { payload: Box::pin(stream::iter(pieces)) };
        let unread = Unread::default();
        (Intake::new(payload, unread.clone(), 1000), unread)
    }

    /// What is given until frames are looked for, in bytes, and whether that was too much.
    fn turn(intake: &mut Intake) -> (usize, bool) {
        let mut given = 0;
        loop {
            let context = &mut Context::from_waker(Waker::noop());
            match Pin::new(&mut *intake).poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => given += bytes.len(),
                Poll::Ready(Some(Err(_))) => return (given, true),
                Poll::Ready(None) | Poll::Pending => return (given, false),
            }
        }
    }

    #[test]
    fn frames_are_looked_for_though_more_may_have_come() {
        let (mut intake, unread) = intake(vec![TURN_BYTES - 1; 10]);
        let turns = (0..5).map(|_| {
            let turn = turn(&mut intake);
            unread.begin_anew();
            turn
        });
        assert_eq!(turns.collect::<Vec<_>>(), [(2 * TURN_BYTES - 2, false); 5]);
    }

    #[test]
    fn what_is_no_message_is_taken_in_up_to_a_bound() {
        let (mut intake, unread) = intake(vec![TURN_BYTES; 10]);
        assert_eq!(turn(&mut intake), (TURN_BYTES, false));
        unread.begin_anew();
        assert_eq!(turn(&mut intake), (TURN_BYTES, false));
        assert_eq!(turn(&mut intake), (TURN_BYTES, false));
        assert_eq!(turn(&mut intake), (0, true));
    }
}
