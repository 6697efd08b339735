//! Websocket frames of a server (RFC 6455, section 5.2): whole messages, unmasked.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::close_code::CloseCode;

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PONG: u8 = 0x8A;

/// Longest payload of a control frame, in bytes.
const CONTROL_BYTES_MAX: usize = 125;

/// A text message.
pub(crate) fn text(payload: &[u8]) -> Bytes {
    frame(TEXT, payload)
}

/// A binary message.
pub(crate) fn binary(payload: &[u8]) -> Bytes {
    frame(BINARY, payload)
}

/// The answer to a ping.
pub(crate) fn pong(payload: &[u8]) -> Bytes {
    frame(PONG, &payload[..payload.len().min(CONTROL_BYTES_MAX)])
}

/// A close frame with a short reason.
pub(crate) fn close(code: CloseCode, reason: &str) -> Bytes {
    let mut payload = code.number().to_be_bytes().to_vec();
    payload.extend_from_slice(reason.as_bytes());
    payload.truncate(CONTROL_BYTES_MAX);
    frame(CLOSE, &payload)
}

#[expect(clippy::cast_possible_truncation, reason = "each arm has the range of its type")]
fn frame(first: u8, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(payload.len() + 10);
    frame.put_u8(first);
    match payload.len() {
        length @ 0..126 => frame.put_u8(length as u8),
        length @ 126..=0xFFFF => {
            frame.put_u8(126);
            frame.put_u16(length as u16);
        }
        length => {
            frame.put_u8(127);
            frame.put_u64(length as u64);
        }
    }
    frame.put_slice(payload);
    frame.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_takes_its_shortest_form() {
        for (length, head) in [
            (0, vec![0x81, 0]),
            (125, vec![0x81, 125]),
            (126, vec![0x81, 126, 0, 126]),
            (65_535, vec![0x81, 126, 255, 255]),
            (65_536, vec![0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let frame = text(&vec![b'x'; length]);
            assert_eq!(frame[..head.len()], head);
            assert_eq!(frame.len(), head.len() + length);
        }
    }

    #[test]
    fn control_frames_are_short() {
        let code = CloseCode::ServiceRestart;
        assert_eq!(close(code, &"x".repeat(200)).len(), 127);
        assert_eq!(close(code, "restart")[..4], [0x88, 9, 0x03, 0xF4]);
        assert_eq!(pong(&[7; 200]).len(), 127);
    }
}
