//! Rooms over HTTP.

mod game_rules;
mod rooms;
mod views;
mod visitors;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes of this crate. Fixed paths come before those with a variable in the same place.
pub fn configure(routes: &mut ServiceConfig<'_>) {
    routes
        .service(rooms::create_room)
        .service(rooms::list_rooms)
        .service(rooms::room_by_code)
        .service(rooms::get_room)
        .service(rooms::update_room)
        .service(rooms::delete_room)
        .service(rooms::restore_room)
        .service(rooms::close_room)
        .service(visitors::join_room)
        .service(visitors::list_visitors)
        .service(visitors::heartbeat)
        .service(visitors::heartbeat_by_patch)
        .service(visitors::leave_room)
        .service(visitors::get_visitor)
        .service(game_rules::list_rules)
        .service(game_rules::rule_by_slug)
        .service(game_rules::get_rule);
}
