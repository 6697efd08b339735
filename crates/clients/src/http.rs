//! Clients and records of consultations over HTTP.

mod client_bodies;
mod clients;
mod record_bodies;
mod records;
mod verify;

use actix_web::web::ServiceConfig;
use admission::RateLimits;

api::routes! {
    guarded { verify::bind_email }
    clients::list_clients,
    clients::create_client,
    verify::verify_email,
    clients::get_client,
    clients::update_client,
    clients::archive_client,
    clients::list_client_rooms,
    records::list_records,
    records::add_record,
}

/// Adds the routes that have rate limits of their own.
pub fn guard(routes: &mut ServiceConfig, limits: &RateLimits) {
    routes.service(limits.verification.guard::<verify::__path_bind_email, _>(verify::bind_email));
}
