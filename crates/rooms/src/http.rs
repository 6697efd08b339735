//! Rooms over HTTP.

mod game_rules;
mod game_templates;
mod message;
mod room_bodies;
mod rooms;
mod visitor_bodies;
mod visitors;

use actix_web::web::ServiceConfig;
use admission::RateLimits;

api::routes! {
    guarded { visitors::join_room }
    rooms::create_room,
    rooms::list_rooms,
    rooms::room_by_code,
    rooms::get_room,
    rooms::update_room,
    rooms::delete_room,
    rooms::restore_room,
    rooms::close_room,
    visitors::list_visitors,
    visitors::heartbeat,
    visitors::heartbeat_by_patch,
    visitors::leave_room,
    visitors::get_visitor,
    game_rules::list_rules,
    game_templates::list_types,
    game_templates::list_templates,
    game_templates::get_template,
    game_rules::rule_by_slug,
    game_rules::get_rule,
}

/// Adds the routes that have rate limits of their own.
pub fn guard(routes: &mut ServiceConfig, limits: &RateLimits) {
    routes.service(limits.join.guard::<visitors::__path_join_room, _>(visitors::join_room));
}
