//! The HTTP routes: the handshake of sockets, broadcasts without one, and presence.

mod broadcast;
mod presence;
mod websocket;

use actix_web::web::ServiceConfig;
use admission::RateLimits;

/// Aliases of paths: the names in Supabase's server, for clients that do not use its gateway.
pub const PATH_ALIASES: [(&str, &str); 2] = [
    ("/socket/websocket", "/realtime/v1/websocket"),
    ("/api/broadcast", "/realtime/v1/api/broadcast"),
];

api::routes! {
    guarded { websocket::websocket }
    broadcast::broadcast_many,
    broadcast::broadcast_one,
    presence::list_presence,
}

/// Adds the routes that have a rate limit of their own.
pub fn guard(routes: &mut ServiceConfig, limits: &RateLimits) {
    routes.service(limits.websocket.guard::<websocket::__path_websocket, _>(websocket::websocket));
}
