//! Realtime over HTTP: how a socket is opened, messages of who has none, and who is there.

mod broadcast;
mod people;
mod websocket;

use actix_web::web::ServiceConfig;
use admission::RateLimits;

api::routes! {
    guarded { websocket::websocket, websocket::plain_websocket }
    broadcast::broadcast_many,
    broadcast::broadcast_one,
    people::list_people,
}

/// Adds the routes that have a limit of their own.
pub fn guard(routes: &mut ServiceConfig, limits: &RateLimits) {
    let limit = &limits.websocket;
    routes
        .service(limit.guard::<websocket::__path_websocket, _>(websocket::websocket))
        .service(limit.guard::<websocket::__path_plain_websocket, _>(websocket::plain_websocket));
}
