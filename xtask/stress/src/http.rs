//! As much of HTTP/1.1 as a load generator needs, so that it leaves the cores to the server.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// A request. Bodies are JSON unless `content_type` says otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// Without one, the request is anonymous.
    pub(crate) token: &'a str,
    pub(crate) content_type: &'a str,
    /// The `Idempotency-Key`.
    pub(crate) key: &'a str,
    pub(crate) body: &'a str,
}

impl<'a> Request<'a> {
    pub(crate) fn new(method: &'a str, path: &'a str) -> Self {
        Self { method, path, token: "", content_type: "application/json", key: "", body: "" }
    }

    pub(crate) fn token(self, token: &'a str) -> Self {
        Self { token, ..self }
    }

    pub(crate) fn body(self, body: &'a str) -> Self {
        Self { body, ..self }
    }

    /// The bytes of the request to a server of this name.
    pub(crate) fn bytes(&self, host: &str) -> Vec<u8> {
        let Self { method, path, token, content_type, key, body } = self;
        let optional = |name: &str, value: &str| match value {
            "" => String::new(),
            value => format!("{name}{value}\r\n"),
        };
        format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\n{}{}content-type: {content_type}\r\n\
             content-length: {}\r\n\r\n{body}",
            optional("authorization: Bearer ", token),
            optional("idempotency-key: ", key),
            body.len()
        )
        .into_bytes()
    }
}

/// A connection that is kept alive.
pub(crate) struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
    /// Start of the body.
    body: usize,
}

impl Connection {
    /// Connects to a server, from a given address or from any.
    pub(crate) async fn open(source: Option<IpAddr>, address: SocketAddr) -> Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(source) = source {
            socket.bind((source, 0).into())?;
        }
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::with_capacity(16 * 1024), body: 0 })
    }

    /// Sends a request and reads its whole answer; returns the status.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<u16> {
        self.send(request).await?;
        self.receive().await
    }

    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(request).await?)
    }

    /// Reads a whole answer; returns the status.
    pub(crate) async fn receive(&mut self) -> Result<u16> {
        self.answer.clear();
        self.body = 0;
        loop {
            self.read_more().await?;
            if let Some(Head { status, end, length }) = Head::read(&self.answer)? {
                self.body = end;
                while self.answer.len() < end + length {
                    self.read_more().await?;
                }
                return Ok(status);
            }
        }
    }

    async fn read_more(&mut self) -> Result<()> {
        let read = self.stream.read_buf(&mut self.answer).await?;
        ensure!(read > 0, "the server closed the connection");
        Ok(())
    }

    /// The body of the last answer.
    pub(crate) fn body(&self) -> &[u8] {
        &self.answer[self.body..]
    }

    /// A header of the last answer.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(std::str::from_utf8(&self.answer[..self.body]).ok()?, name)
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// The head of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Its end, with the blank line.
    end: usize,
    /// Length of the body.
    length: usize,
}

impl Head {
    /// Reads it once it is complete.
    fn read(answer: &[u8]) -> Result<Option<Self>> {
        const END: &[u8] = b"\r\n\r\n";
        let end = answer.windows(END.len()).position(|it| it == END);
        let Some(end) = end.map(|it| it + END.len()) else { return Ok(None) };
        let head = std::str::from_utf8(&answer[..end])?;
        let status = head.get(9..12).and_then(|it| it.parse().ok()).context("no status")?;
        let length = if let Some(length) = header(head, "content-length") {
            length.parse()?
        } else {
            ensure!(matches!(status, 204 | 304), "no content length");
            0
        };
        Ok(Some(Self { status, end, length }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_carries_what_it_was_given_and_nothing_else() {
        let plain = Request::new("GET", "/health").bytes("h");
        let full = Request { key: "k", ..Request::new("PUT", "/a").token("t").body("{}") };

        let [plain, full] = [plain, full.bytes("h")].map(|it| String::from_utf8(it).unwrap());

        assert!(plain.starts_with("GET /health HTTP/1.1\r\nhost: h\r\n"), "{plain}");
        assert!(!plain.contains("authorization") && !plain.contains("idempotency"), "{plain}");
        assert!(full.contains("\r\nauthorization: Bearer t\r\nidempotency-key: k\r\n"), "{full}");
        assert!(full.ends_with("content-length: 2\r\n\r\n{}"), "{full}");
    }

    #[test]
    fn a_head_is_read_once_it_is_complete() {
        let head = |text: &str| Head::read(text.as_bytes());
        let complete = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

        let expected = Head { status: 200, end: complete.len() - 5, length: 5 };
        assert_eq!(head(complete).unwrap(), Some(expected));
        assert_eq!(head("HTTP/1.1 200 OK\r\nContent-").unwrap(), None);
        assert_eq!(head("HTTP/1.1 204 X\r\n\r\n").unwrap().unwrap().length, 0);
        assert!(head("HTTP/1.1 200 OK\r\n\r\n").is_err(), "no length");
        assert!(head("HTTP/1.1 abc\r\n\r\n").is_err(), "no status");
    }
}
