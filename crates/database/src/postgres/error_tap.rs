//! Reads the SQLSTATE of PostgreSQL's errors off the connection.
//!
//! diesel-async drops the SQLSTATE of most errors, and messages are translated. So the stream of a
//! connection is observed: of each `ErrorResponse` the SQLSTATE and the message are recorded. Nothing is
//! changed or held back.
//!
//! tokio-postgres lets a stream be wrapped by a TLS implementation only. [`ErrorTap`] is one that does not
//! encrypt; with `sslnegotiation=direct` nothing else is sent either.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready as try_ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};

use crate::error::record_sqlstate;

/// Wraps the stream of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct ErrorTap;

impl MakeTlsConnect<Socket> for ErrorTap {
    type Stream = Tapped;
    type TlsConnect = Self;
    type Error = Infallible;

    fn make_tls_connect(&mut self, _: &str) -> Result<Self, Infallible> {
        Ok(*self)
    }
}

impl TlsConnect<Socket> for ErrorTap {
    type Stream = Tapped;
    type Error = Infallible;
    type Future = Ready<Result<Tapped, Infallible>>;

    fn connect(self, stream: Socket) -> Self::Future {
        ready(Ok(Tapped { stream, scanner: Scanner::default() }))
    }
}

/// The stream of a connection whose errors are recorded.
pub(super) struct Tapped {
    stream: Socket,
    scanner: Scanner,
}

impl TlsStream for Tapped {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Tapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        try_ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.scanner.scan(&buffer.filled()[before..], &mut record_sqlstate);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A message begins with its type and its length, which includes the four bytes of the length.
const HEADER_BYTES: usize = 5;

/// The type of `ErrorResponse`.
const ERROR: u8 = b'E';

/// Of a longer error only this much is read; SQLSTATE and message come first.
const ERROR_BYTES_MAX: usize = 8192;

/// Finds the errors in the bytes that the server sends, however they are cut into pieces.
#[derive(Default)]
struct Scanner {
    header: [u8; HEADER_BYTES],
    header_length: usize,
    /// Bytes of the current message that have not come yet.
    rest: usize,
    /// The fields of the current message, when it is an error.
    error: Option<Vec<u8>>,
}

impl Scanner {
    fn scan(&mut self, mut bytes: &[u8], record: &mut impl FnMut(&str, &str)) {
        while !bytes.is_empty() {
            let read = if self.header_length < HEADER_BYTES {
                self.read_header(bytes)
            } else {
                self.read_body(bytes)
            };
            bytes = &bytes[read..];
            if self.header_length == HEADER_BYTES && self.rest == 0 {
                self.header_length = 0;
                if let Some((code, message)) = self.error.take().as_deref().and_then(fields) {
                    record(code, message);
                }
            }
        }
    }

    fn read_header(&mut self, bytes: &[u8]) -> usize {
        let length = bytes.len().min(HEADER_BYTES - self.header_length);
        self.header[self.header_length..][..length].copy_from_slice(&bytes[..length]);
        self.header_length += length;
        if self.header_length == HEADER_BYTES {
            let [kind, length @ ..] = self.header;
            self.rest = (u32::from_be_bytes(length) as usize).saturating_sub(4);
            self.error = (kind == ERROR).then(Vec::new);
        }
        length
    }

    fn read_body(&mut self, bytes: &[u8]) -> usize {
        let length = bytes.len().min(self.rest);
        self.rest -= length;
        if let Some(error) = &mut self.error {
            let free = ERROR_BYTES_MAX - error.len();
            error.extend_from_slice(&bytes[..length.min(free)]);
        }
        length
    }
}

/// The SQLSTATE and the message among the fields of an error: each a byte for its type, and text that ends
/// with a zero.
fn fields(error: &[u8]) -> Option<(&str, &str)> {
    let (mut code, mut message) = (None, None);
    for field in error.split(|byte| *byte == 0) {
        let (kind, text) = field.split_first()?;
        match kind {
            b'C' => code = Some(text),
            b'M' => message = Some(text),
            _ => {}
        }
        if let (Some(code), Some(message)) = (code, message) {
            return Some((str::from_utf8(code).ok()?, str::from_utf8(message).ok()?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[kind][..], &length.to_be_bytes(), body].concat()
    }

    #[test]
    fn errors_are_found_however_the_stream_is_cut() {
        let stream = [
            message(b'1', b""),
            message(b'D', b"E\0\0\0\x04C99999\0Mnot an error\0\0"),
            message(ERROR, "SFEHLER\0VERROR\0C55P03\0Mstorniere Anfrage wegen Zeit\u{fc}berschreitung\0Fpostgres.c\0\0".as_bytes()),
            message(b'Z', b"I"),
            message(ERROR, b"SERROR\0C40P01\0Mdeadlock detected\0\0"),
        ]
        .concat();
        for size in 1..=stream.len() {
            let (mut scanner, mut found) = (Scanner::default(), Vec::new());
            for piece in stream.chunks(size) {
                scanner.scan(piece, &mut |code, message| {
                    found.push((code.to_owned(), message.to_owned()));
                });
            }
            let expected = [
                ("55P03", "storniere Anfrage wegen Zeit\u{fc}berschreitung"),
                ("40P01", "deadlock detected"),
            ];
            let expected = expected.map(|(code, message)| (code.to_owned(), message.to_owned()));
            assert_eq!(found, expected, "pieces of {size} bytes");
        }
    }

    #[test]
    fn an_error_of_any_length_and_without_fields_is_survived() {
        let long = [b"C53100\0M".as_slice(), &vec![b'x'; 100_000], b"\0\0"].concat();
        let stream = [message(ERROR, b""), message(ERROR, b"\0"), message(ERROR, &long)].concat();
        let (mut scanner, mut found) = (Scanner::default(), Vec::new());
        scanner.scan(&stream, &mut |code, message| found.push((code.to_owned(), message.len())));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "53100");
    }
}
