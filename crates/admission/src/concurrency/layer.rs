//! The middleware in front of the routes.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, ResponseError};
use api::Problem;

use super::client::Client;
use super::limit::{ConcurrencyLimit, ServerBusy, Slot};
use super::priority::{Priorities, Priority};
use super::without_slot;
use crate::limits::RateLimits;
use crate::policy::whole_seconds;

/// Serves a request when it has a slot and its client is still connected.
///
/// The body is buffered first, so that no slot is held while a slow client sends, and counts against the
/// general limit of the address.
pub async fn admit<B: MessageBody>(
    limit: Data<ConcurrencyLimit>,
    priorities: Data<Priorities>,
    rates: Data<RateLimits>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let Some(priority) = priorities.of(request.method(), request.path()) else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    let bytes = api::buffer_body(&mut request).await?;
    let slot = match rates.general.count_body(&request, bytes) {
        Ok(()) => enter(&limit, priority, &request).await.map_err(Problem::from),
        Err(limited) => Err(limited),
    };
    match slot {
        Ok(slot) => Ok(without_slot::with(slot, next.call(request)).await?.map_into_left_body()),
        Err(refusal) => Ok(request.into_response(refusal.error_response()).map_into_right_body()),
    }
}

async fn enter(
    limit: &ConcurrencyLimit,
    priority: Priority,
    request: &ServiceRequest,
) -> Result<Slot, ServerBusy> {
    if let Some(slot) = limit.enter(priority) {
        return Ok(slot);
    }
    let slot = limit.wait(priority).await?;
    match request.conn_data::<Client>() {
        Some(client) if client.has_gone() => Err(slot.pass_over()),
        _ => Ok(slot),
    }
}

impl From<ServerBusy> for Problem {
    fn from(busy: ServerBusy) -> Self {
        let detail = "The service is busy at the moment, please try again";
        Self::unavailable("server_busy", detail, whole_seconds(busy.retry_after))
    }
}
