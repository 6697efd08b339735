//! The protocol of each server.

use crate::frames::{BINARY, TEXT, message};

/// Bytes of a payload.
pub(crate) const PAYLOAD_BYTES: usize = 200;

/// Digits of the time of sending, in nanoseconds since the load began.
const STAMP_DIGITS: usize = 16;

/// The protocol of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Ours, in version 2.0.0.
    Cardroom,
    /// Payloads without an envelope.
    Plain,
    /// Socket.IO 4 over websockets.
    SocketIo,
}

/// A frame of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Another member's message, and when it was sent.
    Message(u64),
    /// The socket has joined its room.
    Joined,
    /// A heartbeat, with its answer.
    Heartbeat(&'static str),
    /// Anything else.
    Nothing,
}

impl Protocol {
    /// The path of a socket of a room.
    pub(crate) fn path(self, room: &str) -> String {
        match self {
            Self::Cardroom => "/realtime/v1/websocket?apikey=fanout&vsn=2.0.0".to_owned(),
            Self::Plain => format!("/{room}"),
            Self::SocketIo => "/socket.io/?EIO=4&transport=websocket".to_owned(),
        }
    }

    /// The frame that joins a room; none where the path does.
    pub(crate) fn join(self, room: &str) -> Option<Vec<u8>> {
        let text = match self {
            Self::Cardroom => format!(
                r#"["1","1","realtime:room:{room}","phx_join",{{"config":{{"broadcast":{{}},"presence":{{"enabled":false}}}}}}]"#
            ),
            Self::Plain => return None,
            Self::SocketIo => format!(r#"40{{"room":"{room}"}}"#),
        };
        Some(message(TEXT, text.as_bytes()))
    }

    /// A message to all others in a room.
    pub(crate) fn message(self, room: &str, stamp: u64) -> Vec<u8> {
        let filling = PAYLOAD_BYTES - STAMP_DIGITS - r#"{"x":"","t":""}"#.len();
        let payload = format!(r#"{{"x":"{:x<filling$}","t":"{stamp:0STAMP_DIGITS$}"}}"#, "");
        match self {
            Self::Cardroom => {
                let topic = format!("realtime:room:{room}");
                let length = u8::try_from(topic.len()).unwrap_or(u8::MAX);
                let head = [3, 1, 0, length, 1, 0, 1];
                let body = [&head[..], b"1", topic.as_bytes(), b"m", payload.as_bytes()].concat();
                message(BINARY, &body)
            }
            Self::Plain => message(TEXT, payload.as_bytes()),
            Self::SocketIo => message(TEXT, format!(r#"42["m",{payload}]"#).as_bytes()),
        }
    }

    /// Reads a frame of the server.
    pub(crate) fn read(self, opcode: u8, frame: &[u8]) -> Frame {
        match self {
            Self::Cardroom if opcode == BINARY => stamp(frame, 2),
            Self::Cardroom if find(frame, b"phx_reply") && find(frame, br#""status":"ok""#) => {
                Frame::Joined
            }
            Self::Plain if opcode == TEXT => stamp(frame, 2),
            Self::SocketIo if frame.starts_with(b"42") => stamp(frame, 3),
            Self::SocketIo if frame.starts_with(b"40") => Frame::Joined,
            Self::SocketIo if frame == b"2" => Frame::Heartbeat("3"),
            _ => Frame::Nothing,
        }
    }
}

/// The stamp in a message that has so many bytes after it.
fn stamp(frame: &[u8], after: usize) -> Frame {
    let end = frame.len().saturating_sub(after);
    let digits = &frame[end.saturating_sub(STAMP_DIGITS)..end];
    Frame::Message(
        digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit.wrapping_sub(b'0'))),
    )
}

fn find(frame: &[u8], part: &[u8]) -> bool {
    frame.windows(part.len()).any(|it| it == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_found_again_in_every_language() {
        let plain = Protocol::Plain.message("r", 12_345);
        let payload = &plain[plain.len() - PAYLOAD_BYTES..];
        assert_eq!(Protocol::Plain.read(TEXT, payload), Frame::Message(12_345));
        let sent = [br#"42["m","#, payload, b"]"].concat();
        assert_eq!(Protocol::SocketIo.read(TEXT, &sent), Frame::Message(12_345));
        let ours = [&[4, 1, 1, 2, 1][..], b"tm{}", payload].concat();
        assert_eq!(Protocol::Cardroom.read(BINARY, &ours), Frame::Message(12_345));
    }

    #[test]
    fn a_welcome_is_told_from_a_refusal() {
        let reply = |status: &str| format!(r#"["1","1","t","phx_reply",{{"status":"{status}"}}]"#);
        assert_eq!(Protocol::Cardroom.read(TEXT, reply("ok").as_bytes()), Frame::Joined);
        assert_eq!(Protocol::Cardroom.read(TEXT, reply("error").as_bytes()), Frame::Nothing);
        assert_eq!(Protocol::SocketIo.read(TEXT, b"2"), Frame::Heartbeat("3"));
    }
}
