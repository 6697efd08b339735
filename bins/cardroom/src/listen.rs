//! The HTTP server of actix-web, with connections of our own (`connection`), and websockets outside of its
//! dispatcher, which keeps buffers for each connection and copies every frame (`upgrade`).

use std::io;
use std::net::{IpAddr, TcpListener};
use std::time::Duration;

use actix_http::{HttpService, KeepAlive, Request};
use actix_service::map_config;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Server, ServiceFactory, ServiceResponse};
use realtime::Worker;

use crate::app::{self, Shared};
use crate::connection::{Connection, ConnectionSlots, ConnectionsPerAddress};
use crate::{connection, upgrade, worker_lag};

/// Length of the accept queue: the maximum of Linux (`net.core.somaxconn`). A client that finds it full
/// retries after a second.
const BACKLOG: i32 = 4096;

/// Connections of each worker beyond `server.connections_max`, for health and metrics alone.
const RESERVE: usize = 16;

/// Workers wait for their requests for longer than the schedule does, because actix counts in seconds.
const WORKERS_NEVER_STOP_SECS: u64 = 3600;

/// Time that a closed connection waits for its client to close it as well.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// A listening socket on this address; connections queue until the server accepts them.
pub(crate) fn bind(address: (IpAddr, u16)) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    // The standard library sets 128; listening again changes that.
    rustix::net::listen(&listener, BACKLOG)?;
    Ok(listener)
}

/// A server that serves the application on this socket while it is awaited.
pub(crate) fn on(
    listener: TcpListener,
    settings: &settings::Server,
    shared: Shared,
) -> io::Result<Server> {
    let keep_alive = KeepAlive::Timeout(Duration::from_secs(settings.keep_alive_secs));
    let head_timeout = Duration::from_millis(settings.request_head_timeout_ms);
    let unread = Duration::from_millis(settings.unread_timeout_ms);
    let slots = settings.connections_max.div_ceil(settings.workers);
    // Behind proxies of ours, an address is that of a proxy.
    let is_direct = settings.trusted_hops == 0;
    let addresses =
        ConnectionsPerAddress::new(if is_direct { settings.connections_per_address } else { 0 });
    let builder = Server::build();
    let stopping = builder.graceful_shutdown_signal();
    let serve = move || {
        let stopping = stopping.clone();
        let worker = shared.worker();
        worker_lag::start();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(keep_alive)
            .client_request_timeout(head_timeout)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .on_connect_ext(Connection::prepare)
            .upgrade(upgrade::service(application(shared.clone(), worker.clone())))
            .finish(application(shared.clone(), worker));
        connection::service(http, ConnectionSlots::new(slots), addresses.clone(), unread)
    };
    let server = builder
        .workers(settings.workers)
        .max_concurrent_connections(slots + RESERVE)
        .disable_signals()
        .shutdown_timeout(WORKERS_NEVER_STOP_SECS)
        .listen("http", listener, serve)?;
    Ok(server.run())
}

/// The application as actix takes it.
fn application(
    shared: Shared,
    worker: Worker,
) -> impl ServiceFactory<
    Request,
    Config = (),
    Response = ServiceResponse<impl MessageBody>,
    Error = Error,
    InitError = (),
> {
    map_config(app::build(shared, worker), |()| AppConfig::default())
}
