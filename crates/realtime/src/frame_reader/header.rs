//! The header of a frame of a client (RFC 6455, section 5.2).

use bytes::{Buf as _, BytesMut};

use super::FrameError;

/// The part that every header has, in bytes.
const START_BYTES: usize = 2;

/// Longest header, in bytes: with a length of eight and a mask of four.
const BYTES_MAX: usize = START_BYTES + 8 + 4;

/// Longest payload of a control frame, in bytes (RFC 6455, section 5.5).
const CONTROL_BYTES_MAX: usize = 125;

/// The header of a frame.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) is_final: bool,
    pub(super) opcode: OpCode,
    pub(super) mask: [u8; 4],
    /// Length of the payload, in bytes.
    pub(super) length: usize,
}

/// The kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OpCode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

/// Collects the bytes of a header.
#[derive(Default)]
pub(super) struct HeaderReader {
    bytes: [u8; BYTES_MAX],
    filled: usize,
}

impl OpCode {
    fn parse(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Continuation),
            1 => Some(Self::Text),
            2 => Some(Self::Binary),
            8 => Some(Self::Close),
            9 => Some(Self::Ping),
            10 => Some(Self::Pong),
            _ => None,
        }
    }

    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

impl HeaderReader {
    /// Reads on; `None` when the input is used up.
    pub(super) fn read(&mut self, input: &mut BytesMut) -> Result<Option<Header>, FrameError> {
        while self.filled < self.length() {
            let count = input.len().min(self.length() - self.filled);
            if count == 0 {
                return Ok(None);
            }
            input.copy_to_slice(&mut self.bytes[self.filled..self.filled + count]);
            self.filled += count;
            if self.filled == START_BYTES {
                self.check_start()?;
            }
        }
        self.filled = 0;
        self.parse().map(Some)
    }

    /// The length of the header, as far as it is known, in bytes.
    fn length(&self) -> usize {
        match (self.filled, self.bytes[1] & 0x7F) {
            (0 | 1, _) => START_BYTES,
            (_, 126) => START_BYTES + 2 + 4,
            (_, 127) => START_BYTES + 8 + 4,
            _ => START_BYTES + 4,
        }
    }

    /// Checks the part that every header has; a frame that is not masked has no more.
    fn check_start(&self) -> Result<(), FrameError> {
        let [first, second, ..] = self.bytes;
        let opcode = OpCode::parse(first & 0x0F).ok_or(FrameError::Protocol)?;
        let (is_final, length) = (first & 0x80 != 0, usize::from(second & 0x7F));
        // Extensions are not negotiated, and clients have to mask.
        let is_valid = first & 0x70 == 0 && second & 0x80 != 0;
        let fits = !opcode.is_control() || (is_final && length <= CONTROL_BYTES_MAX);
        if is_valid && fits { Ok(()) } else { Err(FrameError::Protocol) }
    }

    fn parse(&self) -> Result<Header, FrameError> {
        let [first, second, rest @ ..] = &self.bytes;
        let opcode = OpCode::parse(first & 0x0F).ok_or(FrameError::Protocol)?;
        let (length, rest) = match second & 0x7F {
            126 => read(rest, |bytes| u16::from_be_bytes(bytes).into())?,
            127 => read(rest, u64::from_be_bytes)?,
            length => (length.into(), &rest[..]),
        };
        let (mask, _) = read(rest, |mask: [u8; 4]| mask)?;
        let length = usize::try_from(length).map_err(|_| FrameError::TooLarge)?;
        Ok(Header { is_final: first & 0x80 != 0, opcode, mask, length })
    }
}

/// Reads a value from the beginning of some bytes.
fn read<const N: usize, T>(
    bytes: &[u8],
    parse: impl Fn([u8; N]) -> T,
) -> Result<(T, &[u8]), FrameError> {
    let (value, rest) = bytes.split_first_chunk().ok_or(FrameError::Protocol)?;
    Ok((parse(*value), rest))
}
