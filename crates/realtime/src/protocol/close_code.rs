//! Close codes (RFC 6455, section 7.4, and its registry at IANA).

use std::ops::RangeInclusive;

/// Close codes that a client may send.
const OF_CLIENTS: [RangeInclusive<u16>; 3] = [1000..=1003, 1007..=1014, 3000..=4999];

/// A close code that the server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum CloseCode {
    /// The client closed the connection, or sent nothing for too long.
    Normal = 1000,
    /// A frame is not valid.
    ProtocolError = 1002,
    /// A text is not valid UTF-8.
    InvalidPayload = 1007,
    /// The client sends too many frames.
    PolicyViolation = 1008,
    /// A message is too large.
    MessageTooBig = 1009,
    /// The process shuts down.
    ServiceRestart = 1012,
    /// The client or a thread of the server is too slow for what is sent to it.
    TryAgainLater = 1013,
}

impl CloseCode {
    /// The number on the wire.
    pub(crate) fn number(self) -> u16 {
        self as u16
    }

    /// Whether a client may send this number.
    pub(crate) fn is_valid_from_client(number: u16) -> bool {
        OF_CLIENTS.iter().any(|it| it.contains(&number))
    }
}
