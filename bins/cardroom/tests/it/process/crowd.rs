//! Many connections while the server accepts none.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rustix::process::Signal;

use super::Process;

/// Concurrent connections: more than the default backlog of a socket.
const PEOPLE: usize = 500;

/// A client that finds the backlog full retries after a second, so this is the first attempt.
const AT_ONCE: Duration = Duration::from_millis(500);

#[testkit::on_both_databases]
async fn connections_made_while_the_server_is_busy_wait_in_its_backlog() {
    let database = testkit::database().await;
    let mut server = Process::start(&database.url.expose());
    let address = server.address();
    let address: SocketAddr = address.strip_prefix("http://").unwrap().parse().unwrap();

    server.signal(Signal::STOP);
    let come = |_| TcpStream::connect_timeout(&address, AT_ONCE).expect("a place to wait");
    let people: Vec<TcpStream> = (0..PEOPLE).map(come).collect();
    server.signal(Signal::CONT);

    for mut person in people {
        person.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        person.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
}
