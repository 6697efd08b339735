//! What is done with a connection when it comes.

use std::any::Any;
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use admission::watch_client;
use settings::Server;
use tracing::debug;

/// Remembers the client of a connection, and limits how long it may leave an answer unread.
pub(crate) fn prepare(settings: &Server) -> impl Fn(&dyn Any, &mut Extensions) + use<> {
    let unread = Duration::from_millis(settings.unread_timeout_ms);
    move |connection, extensions| {
        if let Some(stream) = connection.downcast_ref::<TcpStream>() {
            limit_unread(stream, unread);
        }
        watch_client(connection, extensions);
    }
}

/// Lets the kernel end a connection whose client has taken nothing for so long: actix would wait
/// without an end. Elsewhere than on Linux the kernel decides.
#[cfg(target_os = "linux")]
fn limit_unread(stream: &TcpStream, time: Duration) {
    let millis = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, millis) {
        debug!("a connection may stay unread: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn limit_unread(_: &TcpStream, _: Duration) {}
