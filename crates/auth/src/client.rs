//! The origin of a request.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::{FromRequest, HttpRequest};
use admission::ClientAddress;
use api::Problem;

/// Maximum length of a user agent, in characters; the rest is dropped.
const DEVICE_CHARACTERS_MAX: usize = 200;

/// The origin of a request: address and user agent.
#[derive(Clone, Debug)]
pub struct Client {
    /// The address.
    pub address: ClientAddress,
    /// The user agent, unverified: at most 200 characters, without control characters.
    pub device: String,
}

impl FromRequest for Client {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let device = device(request);
        let address = ClientAddress::from_request(request, payload).into_inner();
        ready(address.map(|address| Self { address, device }))
    }
}

fn device(request: &HttpRequest) -> String {
    let header = request.headers().get(USER_AGENT).and_then(|it| it.to_str().ok());
    let characters = header.unwrap_or_default().chars().filter(|it| !it.is_control());
    characters.take(DEVICE_CHARACTERS_MAX).collect()
}
