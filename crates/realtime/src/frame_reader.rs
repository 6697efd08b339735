//! Reads the websocket frames of a client (RFC 6455) and reassembles fragmented messages. No I/O.
//!
//! Messages up to a bound are kept. Larger ones, up to a second bound, are only scanned for their
//! envelope, so that they can be refused without being held in memory.

mod header;
mod mask;
#[cfg(test)]
mod tests;

use bytes::{Bytes, BytesMut};
use thiserror::Error;

use crate::protocol::{CloseCode, EnvelopeScanner};
use header::{Header, HeaderReader, OpCode};
use mask::unmask;

/// Bytes of a message beyond the kept size that count as one more frame.
const SCANNED_BYTES_PER_FRAME: usize = 64 * 1024;

/// Bounds of messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageLimits {
    /// Largest message that is kept, in bytes.
    pub(crate) kept: usize,
    /// Largest message that is accepted, in bytes.
    pub(crate) accepted: usize,
}

/// Reads the frames of one client.
pub(crate) struct FrameReader {
    limits: MessageLimits,
    header: HeaderReader,
    frame: Option<Frame>,
    control: BytesMut,
    message: Option<Message>,
    scanned: usize,
}

/// A step of reading; each counts as one frame.
#[derive(Debug)]
pub(crate) enum FrameEvent {
    /// A text message.
    Text(Bytes),
    /// A binary message.
    Binary(Bytes),
    /// A message that is too large to be kept.
    Oversized(EnvelopeScanner),
    /// A part of a message that is not complete yet.
    Part,
    /// A ping, with its payload.
    Ping(Bytes),
    /// A pong.
    Pong,
    /// The client closes the connection.
    Close,
}

/// An error that ends the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum FrameError {
    #[error("the frame is not valid")]
    Protocol,
    #[error("a text is not valid UTF-8")]
    InvalidUtf8,
    #[error("the message is too large")]
    TooLarge,
}

/// A frame whose payload is being read.
struct Frame {
    header: Header,
    /// Bytes of the payload that are still missing.
    missing: usize,
}

/// A message that is being reassembled.
struct Message {
    is_text: bool,
    bytes: usize,
    content: Content,
}

enum Content {
    Kept(BytesMut),
    Scanned(EnvelopeScanner),
}

impl FrameError {
    /// The close code.
    pub(crate) fn close_code(self) -> CloseCode {
        match self {
            Self::Protocol => CloseCode::ProtocolError,
            Self::InvalidUtf8 => CloseCode::InvalidPayload,
            Self::TooLarge => CloseCode::MessageTooBig,
        }
    }
}

impl FrameReader {
    /// A reader at the beginning of a connection.
    pub(crate) fn new(limits: MessageLimits) -> Self {
        Self {
            limits,
            header: HeaderReader::default(),
            frame: None,
            control: BytesMut::new(),
            message: None,
            scanned: 0,
        }
    }

    /// Reads on; `None` when the input is used up.
    ///
    /// # Errors
    /// When the connection has to be closed.
    pub(crate) fn read(&mut self, input: &mut BytesMut) -> Result<Option<FrameEvent>, FrameError> {
        loop {
            let Some(mut frame) = self.frame.take() else {
                let Some(header) = self.header.read(input)? else { return Ok(None) };
                self.begin(&header)?;
                self.frame = Some(Frame { missing: header.length, header });
                continue;
            };
            let mut part = input.split_to(frame.missing.min(input.len()));
            unmask(&mut part, frame.header.mask, frame.header.length - frame.missing);
            frame.missing -= part.len();
            self.append(&frame.header, part);
            if frame.missing == 0 {
                return self.finish(&frame.header).map(Some);
            }
            self.frame = Some(frame);
            if self.scanned >= SCANNED_BYTES_PER_FRAME {
                self.scanned -= SCANNED_BYTES_PER_FRAME;
                return Ok(Some(FrameEvent::Part));
            }
            if input.is_empty() {
                return Ok(None);
            }
        }
    }

    /// Checks that a frame may begin here, before any of its payload is read.
    fn begin(&mut self, header: &Header) -> Result<(), FrameError> {
        let is_text = match (header.opcode, &self.message) {
            (OpCode::Text, None) => true,
            (OpCode::Binary, None) => false,
            (OpCode::Continuation, Some(message)) => message.is_text,
            (OpCode::Ping | OpCode::Pong | OpCode::Close, _) => return Ok(()),
            _ => return Err(FrameError::Protocol),
        };
        let content = || Content::Kept(BytesMut::new());
        let message =
            self.message.get_or_insert_with(|| Message { is_text, bytes: 0, content: content() });
        message.bytes = message.bytes.saturating_add(header.length);
        if message.bytes > self.limits.accepted {
            return Err(FrameError::TooLarge);
        }
        if message.bytes > self.limits.kept {
            message.stop_keeping();
        }
        Ok(())
    }

    fn append(&mut self, header: &Header, part: BytesMut) {
        if header.opcode.is_control() {
            return self.control.extend_from_slice(&part);
        }
        match self.message.as_mut().map(|it| &mut it.content) {
            // Not copied: most messages are one frame in one read.
            Some(Content::Kept(kept)) if kept.is_empty() => *kept = part,
            Some(Content::Kept(kept)) => kept.extend_from_slice(&part),
            Some(Content::Scanned(scanner)) => {
                self.scanned += part.len();
                scanner.feed(&part);
            }
            None => {}
        }
    }

    fn finish(&mut self, header: &Header) -> Result<FrameEvent, FrameError> {
        match header.opcode {
            OpCode::Ping => Ok(FrameEvent::Ping(std::mem::take(&mut self.control).freeze())),
            OpCode::Pong => {
                self.control = BytesMut::new();
                Ok(FrameEvent::Pong)
            }
            OpCode::Close => {
                check_close(&std::mem::take(&mut self.control)).map(|()| FrameEvent::Close)
            }
            _ if !header.is_final => Ok(FrameEvent::Part),
            _ => self.message.take().ok_or(FrameError::Protocol)?.finish(),
        }
    }
}

impl Message {
    /// Frees the kept bytes and scans the message instead.
    fn stop_keeping(&mut self) {
        if let Content::Kept(kept) = &self.content {
            let mut scanner = EnvelopeScanner::new(self.is_text);
            scanner.feed(kept);
            self.content = Content::Scanned(scanner);
        }
    }

    fn finish(self) -> Result<FrameEvent, FrameError> {
        match self.content {
            Content::Scanned(scanner) => Ok(FrameEvent::Oversized(scanner)),
            Content::Kept(kept) if !self.is_text => Ok(FrameEvent::Binary(kept.freeze())),
            Content::Kept(kept) if str::from_utf8(&kept).is_ok() => {
                Ok(FrameEvent::Text(kept.freeze()))
            }
            Content::Kept(_) => Err(FrameError::InvalidUtf8),
        }
    }
}

/// Checks the payload of a close frame: nothing, or a code and a text.
fn check_close(payload: &[u8]) -> Result<(), FrameError> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(()) } else { Err(FrameError::Protocol) };
    };
    if !CloseCode::is_valid_from_client(u16::from_be_bytes(*code)) {
        return Err(FrameError::Protocol);
    }
    str::from_utf8(reason).map(|_| ()).map_err(|_| FrameError::InvalidUtf8)
}
