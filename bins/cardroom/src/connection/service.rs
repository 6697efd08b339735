//! From a socket that was accepted to HTTP.

use std::future::pending;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_http::Protocol;
use actix_http::error::DispatchError;
use actix_service::{Service as _, ServiceFactory, fn_factory, fn_service};
use actix_web::rt::net::TcpStream;
use metrics::counter;
use rustix::net::SendFlags;
use tokio::select;
use tokio::time::sleep;
use tracing::debug;

use super::per_address::{ConnectionsPerAddress, Counted};
use super::slots::ConnectionSlots;
use super::stream::Connection;

/// The answer to a connection too many of one address. It comes before any request, so no layer writes
/// it.
const TOO_MANY: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\nconnection: close\r\nretry-after: 1\r\n\
    content-type: application/json\r\ncontent-length: 96\r\n\r\n\
    {\"detail\":\"Too many connections of one address\",\"code\":\"too_many_connections\",\"request_id\":\"-\"}\n";

/// How long a connection of the reserve lasts: it has one request to answer, and a probe of the database
/// takes half a second at most.
const RESERVE_TIME: Duration = Duration::from_secs(1);

/// Serves sockets with HTTP. A socket whose client has no address is dropped, because no limit could
/// count its requests; so is one too many of an address.
pub(crate) fn service<F>(
    http: F,
    slots: ConnectionSlots,
    addresses: ConnectionsPerAddress,
    unread: Duration,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()>
where
    F: ServiceFactory<
            (Connection, Protocol, Option<SocketAddr>),
            Config = (),
            Response = (),
            Error = DispatchError,
            InitError = (),
        > + 'static,
    F::Service: 'static,
{
    let http = Rc::new(http);
    fn_factory(move || {
        let (http, slots, addresses) = (http.clone(), slots.clone(), addresses.clone());
        async move {
            let http = Rc::new(http.new_service(()).await?);
            Ok(fn_service(move |stream: TcpStream| {
                let admitted = admit(&stream, &addresses).map(|(peer, counted)| {
                    limit_unread(&stream, unread);
                    let slot = slots.take(Instant::now());
                    let connection = Connection::new(stream, slot.state.clone());
                    // Boxed, because a future that is moved into another takes its memory twice.
                    let serving = http.call((connection, Protocol::Http1, Some(peer)));
                    (Box::pin(serving), slot, counted)
                });
                async move {
                    let Some((serving, slot, _counted)) = admitted else { return Ok(()) };
                    let is_over = async {
                        if !slot.state.is_reserve {
                            pending::<()>().await;
                        }
                        sleep(RESERVE_TIME).await;
                    };
                    select! {
                        biased;
                        outcome = serving => outcome,
                        () = is_over => Ok(()),
                        () = slot.state.evicted() => {
                            counter!("cardroom_connections_evicted_total").increment(1);
                            Ok(())
                        }
                    }
                }
            }))
        }
    })
}

/// The address of a client, and its slot among the connections of that address.
fn admit(stream: &TcpStream, addresses: &ConnectionsPerAddress) -> Option<(SocketAddr, Counted)> {
    let refused = |reason: &'static str| {
        counter!("cardroom_connections_refused_total", "reason" => reason).increment(1);
    };
    // A client that reset its connection before it was accepted has no address any more.
    let Ok(peer) = stream.peer_addr() else {
        refused("no_address");
        return None;
    };
    let counted = addresses.enter(peer.ip());
    if counted.is_none() {
        refused("address");
        // Not through tokio, which has not been told yet that this socket takes bytes. The kernel takes these
        // few at once, or the client gets none.
        let _ = rustix::net::send(stream, TOO_MANY, SendFlags::empty());
    }
    Some((peer, counted?))
}

/// Lets the kernel end a connection whose client has taken nothing for so long: actix would wait
/// without an end. On other systems than Linux the kernel decides.
#[cfg(target_os = "linux")]
fn limit_unread(stream: &TcpStream, time: Duration) {
    let millis = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, millis) {
        debug!("a connection may stay unread: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn limit_unread(_: &TcpStream, _: Duration) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_a_connection_too_many_has_the_length_that_it_says() {
        let text = std::str::from_utf8(TOO_MANY).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{}", body.len());
        assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
    }
}
