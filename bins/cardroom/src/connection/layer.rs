//! The layers that the requests of a connection pass.

use std::rc::Rc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, ResponseError};
use api::{BodyLimits, Problem};

use super::state::State;
use crate::lifecycle::Lifecycle;

/// Seconds after which a slot may be free.
const RETRY_SECS: u64 = 1;

/// Serves a few requests of a connection in one turn, and closes it with an answer when the server
/// stops, when the client goes on after refusals by a rate limit, or when its slot is one of the
/// reserve.
pub(crate) async fn manage_connection<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let state = request.conn_data::<Rc<State>>().cloned();
    if let Some(state) = &state {
        let limits = request.app_data::<Data<BodyLimits>>();
        let bytes = limits.map_or(usize::MAX, |it| it.bytes_on_the_wire(request.headers()));
        state.begin(bytes).await;
    }
    let mut response = next.call(request).await?;
    let status = response.status();
    let is_draining = Lifecycle::of(response.request()).is_some_and(Lifecycle::is_draining);
    let is_refusal = status == StatusCode::TOO_MANY_REQUESTS;
    let closes = state.as_ref().is_some_and(|it| it.answered(is_refusal) || it.is_reserve);
    if is_draining || closes {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    if let Some(state) = state {
        state.end(status == StatusCode::SWITCHING_PROTOCOLS);
    }
    Ok(response)
}

/// Refuses what is not about health or metrics on a connection of the reserve.
pub(crate) async fn restrict_reserve<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let is_reserve = request.conn_data::<Rc<State>>().is_some_and(|it| it.is_reserve);
    if is_reserve && !admission::is_watching(request.path()) {
        let detail = "The service has too many connections, please try again";
        let problem = Problem::unavailable("too_many_connections", detail, RETRY_SECS);
        return Ok(request.into_response(problem.error_response()).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}
