//! A client that writes bytes by hand, for frames that no library sends.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::app::TestApp;

/// How long a read or a write may take on a busy machine.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// A handshake.
const HANDSHAKE: &[u8] = b"GET /realtime/v1/websocket?apikey=anon HTTP/1.1\r\nhost: cardroom\r\n\
    connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// An open websocket.
pub(super) struct RawSocket(TcpStream);

/// The address that a raw socket connects to.
pub(super) fn address(app: &TestApp) -> String {
    app.address.trim_start_matches("http://").to_owned()
}

/// A masked frame; the mask is zero.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u16::try_from(payload.len()) {
        Ok(length @ 0..126) => frame.push(0x80 | u8::try_from(length).unwrap()),
        Ok(length) => {
            frame.push(0xFE);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => {
            frame.push(0xFF);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

impl RawSocket {
    /// Opens a websocket of version 1.0.0.
    pub(super) fn open(address: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(WAIT_MAX))?;
        stream.set_write_timeout(Some(WAIT_MAX))?;
        stream.write_all(HANDSHAKE)?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.extend(byte);
        }
        if head.starts_with(b"HTTP/1.1 101") {
            Ok(Self(stream))
        } else {
            Err(io::Error::other(String::from_utf8_lossy(&head).into_owned()))
        }
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// The code of the close frame, if one arrives; frames before it are skipped.
    pub(super) fn close_code(&mut self) -> Option<u16> {
        loop {
            let mut head = [0; 2];
            self.0.read_exact(&mut head).ok()?;
            let length = match head[1] {
                126 => u64::from(u16::from_be_bytes(self.read().ok()?)),
                127 => u64::from_be_bytes(self.read().ok()?),
                length => length.into(),
            };
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.0.read_exact(&mut payload).ok()?;
            if head[0] == 0x88 {
                return payload.first_chunk().map(|it| u16::from_be_bytes(*it));
            }
        }
    }

    /// Resets the connection.
    pub(super) fn reset(self) {
        rustix::net::sockopt::set_socket_linger(&self.0, Some(Duration::ZERO)).unwrap();
    }

    fn read<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).map(|()| bytes)
    }
}
