//! Realtime over HTTP: how a socket is opened, messages of who has none, and who is there.

mod broadcast;
mod people;
mod websocket;

use actix_web::web::ServiceConfig;
use admission::RateLimits;

/// How Supabase's own server calls these paths; its gateway calls them as they are called here, and
/// clients that know the server by its own address use these.
pub const PATH_ALIASES: [(&str, &str); 2] = [
    ("/socket/websocket", "/realtime/v1/websocket"),
    ("/api/broadcast", "/realtime/v1/api/broadcast"),
];

api::routes! {
    guarded { websocket::websocket }
    broadcast::broadcast_many,
    broadcast::broadcast_one,
    people::list_people,
}

/// Adds the routes that have a limit of their own.
pub fn guard(routes: &mut ServiceConfig, limits: &RateLimits) {
    routes.service(limits.websocket.guard::<websocket::__path_websocket, _>(websocket::websocket));
}
