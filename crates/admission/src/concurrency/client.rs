//! Whether the client of a request is still connected.

use std::os::fd::{AsFd, OwnedFd};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

/// The socket of a client. actix itself notices a disconnect only while it reads a request.
pub struct Client(OwnedFd);

/// Keeps a duplicate of the socket of a connection, to check later whether its client is still connected.
/// Without a duplicate the client counts as connected.
pub fn watch_client(connection: &TcpStream, extensions: &mut Extensions) {
    if let Ok(socket) = connection.as_fd().try_clone_to_owned() {
        extensions.insert(Client(socket));
    }
}

impl Client {
    /// Whether the client has closed its end, so that no answer would be read.
    pub(super) fn has_gone(&self) -> bool {
        let mut byte = [0_u8; 1];
        match recv(&self.0, &mut byte, RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Ok((_, received)) => received == 0,
            Err(error) => error != Errno::AGAIN && error != Errno::INTR,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{Shutdown, TcpListener, TcpStream};

    use super::*;

    fn connected() -> (TcpStream, Client) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (here, _) = listener.accept().unwrap();
        (there, Client(here.into()))
    }

    #[test]
    fn a_client_that_sends_nothing_or_more_is_still_connected() {
        let (mut there, client) = connected();
        assert!(!client.has_gone());
        there.write_all(b"more").unwrap();
        assert!(!client.has_gone());
        assert!(!client.has_gone(), "looking takes nothing away");
    }

    #[test]
    fn a_client_that_closes_is_disconnected() {
        let (there, client) = connected();
        there.shutdown(Shutdown::Both).unwrap();
        drop(there);
        assert!(client.has_gone());
    }
}
