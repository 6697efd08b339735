//! As little HTTP as a load generator needs, so that it leaves the cores to the server.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// A connection that is kept alive.
pub struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
    /// Where the body begins.
    body: usize,
}

impl Connection {
    /// Connects to a server.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        Self::over(TcpStream::connect(address).await?)
    }

    /// Connects from an address of one's own, as somebody with a machine of their own would.
    pub async fn open_from(source: IpAddr, address: SocketAddr) -> Result<Self> {
        let socket = if source.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind((source, 0).into())?;
        Self::over(socket.connect(address).await?)
    }

    fn over(stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::with_capacity(16 * 1024), body: 0 })
    }

    /// Sends a request and reads its whole answer; gives the status.
    pub async fn ask(&mut self, request: &[u8]) -> Result<u16> {
        self.send(request).await?;
        self.receive().await
    }

    /// Sends a request.
    pub async fn send(&mut self, request: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(request).await?)
    }

    /// Reads a whole answer; gives the status.
    pub async fn receive(&mut self) -> Result<u16> {
        self.answer.clear();
        self.body = 0;
        loop {
            let read = self.stream.read_buf(&mut self.answer).await?;
            ensure!(read > 0, "the server closed the connection");
            if let Some(Head { status, end, length }) = Head::read(&self.answer)? {
                self.body = end;
                while self.answer.len() < end + length {
                    let read = self.stream.read_buf(&mut self.answer).await?;
                    ensure!(read > 0, "the server closed the connection");
                }
                return Ok(status);
            }
        }
    }

    /// The body of the last answer.
    pub fn body(&self) -> &[u8] {
        &self.answer[self.body..]
    }

    /// A header of the last answer.
    pub fn header(&self, name: &str) -> Option<&str> {
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
struct Head {
    status: u16,
    /// Where it ends, its last blank line included.
    end: usize,
    /// Of the body.
    length: usize,
}

impl Head {
    /// Reads it, once it is there.
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

/// The bytes of a request to a server on this machine.
pub fn request(method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    request_to("localhost", method, path, token, body)
}

/// The bytes of a request.
pub fn request_to(host: &str, method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
