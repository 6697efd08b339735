//! Websocket frames (RFC 6455, section 5.2) as the client has them, read without a copy: a load
//! generator on one core has to receive more than the server on the other can send.

use anyhow::{Result, bail, ensure};

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;

const WHOLE: u8 = 0x80;
const MASKED: u8 = 0x80;
const LENGTH_FOLLOWS: u8 = 0x7E;

/// A message, masked with zeros, which leaves it as it is.
pub(crate) fn message(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![WHOLE | opcode];
    match payload.len() {
        length @ 0..126 => frame.push(MASKED | u8::try_from(length).unwrap_or_default()),
        length => {
            frame.push(MASKED | LENGTH_FOLLOWS);
            frame.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// Takes every whole frame from the beginning of `bytes`; returns their length.
///
/// # Errors
/// When the server closes the socket, or sends what no server should.
pub(crate) fn take(bytes: &[u8], mut each: impl FnMut(u8, &[u8]) -> Result<()>) -> Result<usize> {
    let mut taken = 0;
    while let Some((opcode, head, length)) = head(&bytes[taken..])? {
        let Some(payload) = bytes.get(taken + head..taken + head + length) else { break };
        ensure!(opcode != 8, "the server closes a socket: {}", String::from_utf8_lossy(payload));
        each(opcode, payload)?;
        taken += head + length;
    }
    Ok(taken)
}

/// Opcode, length of the head and length of the payload of a frame, once its head is there.
fn head(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>> {
    let [first, second, ..] = *bytes else { return Ok(None) };
    if second & 0x80 != 0 {
        bail!("a server's frame is masked");
    }
    let opcode = first & 0x0F;
    Ok(match second {
        126 => {
            bytes.get(2..4).map(|it| (opcode, 4, usize::from(u16::from_be_bytes([it[0], it[1]]))))
        }
        127 => bail!("a frame is longer than anything that was sent"),
        length => Some((opcode, 2, length.into())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_frames_are_taken_and_the_rest_is_left() {
        let long = [&[0x82, 126, 1, 0][..], &[7; 256]].concat();
        let bytes = [&[0x81, 2, b'h', b'i'][..], &long, &[0x81, 5, b'x']].concat();
        let mut seen = Vec::new();
        let taken = take(&bytes, |opcode, payload| {
            seen.push((opcode, payload.len()));
            Ok(())
        });
        assert_eq!((taken.unwrap(), seen), (bytes.len() - 3, vec![(TEXT, 2), (BINARY, 256)]));
        assert!(take(&[0x88, 2, 3, 0xF4], |_, _| Ok(())).is_err());
    }

    #[test]
    fn a_message_is_masked_with_zeros() {
        assert_eq!(message(TEXT, b"hi"), [0x81, 0x82, 0, 0, 0, 0, b'h', b'i']);
        assert_eq!(message(BINARY, &[1; 200])[..4], [0x82, 0xFE, 0, 200]);
    }
}
