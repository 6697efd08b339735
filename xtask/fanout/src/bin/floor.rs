//! The least that a frame can cost where every one is sent by itself: a loop that receives and sends.
//!
//! It trusts its clients, stores nothing and handles no backpressure, so it is no server. The difference
//! to it is the cost of a server, or its saving by sending several frames at once.

use std::collections::HashMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

/// Stands for the listener; sockets count from 0.
const LISTENER: u64 = u64::MAX;

/// Events that are taken at once.
const EVENTS: usize = 1024;

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 256 * 1024;

const WELCOME: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";

/// Bytes of a mask (RFC 6455, section 5.2); all of them are 0 here.
const MASK: usize = 4;

#[derive(Default)]
struct Floor {
    /// The sockets, and the path that each has asked for.
    sockets: Vec<(TcpStream, Option<String>)>,
    /// The sockets that asked for a path, by path.
    rooms: HashMap<String, Vec<usize>>,
}

fn main() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", listener.local_addr()?.port());
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut floor = Floor::default();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut events = [MaybeUninit::<Event>::uninit(); EVENTS];
    loop {
        let (events, _) = epoll::wait(&epoll, &mut events[..], None)?;
        for event in &*events {
            if event.data.u64() == LISTENER {
                let (socket, _) = listener.accept()?;
                socket.set_nodelay(true)?;
                socket.set_nonblocking(true)?;
                let place = EventData::new_u64(floor.sockets.len() as u64);
                epoll::add(&epoll, &socket, place, EventFlags::IN)?;
                floor.sockets.push((socket, None));
            } else {
                floor.hear(usize::try_from(event.data.u64())?, &mut buffer)?;
            }
        }
    }
}

impl Floor {
    /// Reads the frames of a socket, and sends them to all others in its room.
    fn hear(&mut self, place: usize, buffer: &mut [u8]) -> Result<()> {
        let (socket, path) = self.sockets.get_mut(place).context("no such socket")?;
        let read = match socket.read(buffer) {
            Ok(0) => std::process::exit(0),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let Some(path) = path else {
            let request = String::from_utf8_lossy(&buffer[..read]);
            let asked = request.split(' ').nth(1).context("no path")?.to_owned();
            socket.write_all(WELCOME)?;
            self.rooms.entry(asked.clone()).or_default().push(place);
            *path = Some(asked);
            return Ok(());
        };
        let room = self.rooms.get(&*path).context("no such room")?;
        let frames = unmask(&mut buffer[..read])?;
        for &other in room.iter().filter(|it| **it != place) {
            let written = (&self.sockets[other].0).write(frames)?;
            ensure!(written == frames.len(), "a frame was cut in two");
        }
        Ok(())
    }
}

/// Whole frames of a client, of less than 65,536 bytes, as a server sends them.
fn unmask(bytes: &mut [u8]) -> Result<&[u8]> {
    let (mut from, mut to) = (0, 0);
    while from < bytes.len() {
        let (head, length) = match bytes[from..] {
            [_, 0xFE, high, low, ..] => (4, usize::from(u16::from_be_bytes([high, low]))),
            [_, second @ 0x80..0xFE, ..] => (2, usize::from(second & 0x7F)),
            _ => bail!("no frame of a client"),
        };
        ensure!(from + head + MASK + length <= bytes.len(), "a frame came in two parts");
        bytes[from + 1] &= 0x7F;
        bytes.copy_within(from..from + head, to);
        let payload = from + head + MASK;
        bytes.copy_within(payload..payload + length, to + head);
        from = payload + length;
        to += head + length;
    }
    Ok(&bytes[..to])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_a_client_become_frames_of_a_server() {
        let mut two = [0x81, 0x82, 0, 0, 0, 0, b'h', b'i', 0x82, 0x81, 0, 0, 0, 0, b'x'];
        assert_eq!(unmask(&mut two).unwrap(), [0x81, 2, b'h', b'i', 0x82, 1, b'x']);
        let mut long = [&[0x81, 0xFE, 0, 200, 0, 0, 0, 0][..], &[7; 200]].concat();
        assert_eq!(unmask(&mut long).unwrap(), [&[0x81, 126, 0, 200][..], &[7; 200]].concat());
        assert!(unmask(&mut [0x81, 0x82, 0, 0, 0, 0, b'h']).is_err());
        assert!(unmask(&mut [0x81, 0x02, b'h', b'i']).is_err());
    }
}
